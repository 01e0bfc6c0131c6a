// Bitcoin Core over a private Tor network, in both directions: its onion service is dialed by us, and ours by it.
//
// Needs BITCOIND to name a bitcoind, and tor.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { CliIo } from '../../ts/cli/terminal/cli-io.ts';
import { onionServiceOf, readOnionArguments } from '../../ts/cli/node/onion.ts';
import { Connman } from '../../ts/connman/connman.ts';
import type { OnionService } from '../../ts/tor/onion-service.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { OverlayMeeting } from '../harness/labs/overlay-meeting.ts';
import { freePort } from '../harness/labs/programs.ts';
import { startTorLab } from '../harness/labs/tor-lab.ts';
import type { TorLab } from '../harness/labs/tor-lab.ts';
import { noteProgress, until } from '../harness/until.ts';

/** An onion service is dialed again until its descriptor is everywhere, for this long at most, in milliseconds. */
const REACH_DEADLINE_MS = 90_000;
/** How long one dial of Core's may take until it is asked for another, in milliseconds. */
const CORE_DIAL_MS = 15_000;

const needs = { packages: { tor: 'tor', 'tor-gencert': 'tor' }, deadlineMs: 400_000 };

function define(): void {
  let lab: TorLab;
  let core: Bitcoind;
  let coreOnionBind: string;
  let node: Connman;
  let meeting: OverlayMeeting;
  let onion: OnionService | undefined;
  let folder: string;
  /** The name of our service, without `.onion`. */
  let ourId: string;

  beforeAll(async () => {
    lab = await startTorLab();
    folder = mkdtempSync(join(tmpdir(), 'sockman-core-tor-'));
    mkdirSync(join(folder, 'regtest'));
    coreOnionBind = `127.0.0.1:${await freePort()}`;
    const overTor = [`-torcontrol=${lab.control}`, '-listenonion=1', `-onion=${lab.socks}`];
    core = await Bitcoind.start([DIALS_NOBODY, ...overTor, `-bind=${coreOnionBind}=onion`]);
    node = new Connman({
      chain: 'regtest',
      noConnect: true,
      bind: ['127.0.0.1:0'],
      onionBind: ['127.0.0.1:0'],
      proxy: `${lab.socks}=onion`,
    });
    meeting = await OverlayMeeting.start(node, core);
    const printed: string[] = [];
    const print = (line: string): void => void (printed.push(line), noteProgress());
    const io = { print, complain: print } as Partial<CliIo> as CliIo;
    onion = onionServiceOf(node, 'regtest', folder, readOnionArguments(lab.control, undefined)!, io);
    onion.start();
    await until('our service', () => printed.length > 0, REACH_DEADLINE_MS);
    ourId = /^onion service at (\S+)\.onion:18444$/.exec(printed[0]!)![1]!;
  }, 240_000);
  afterAll(async () => {
    await onion?.stop();
    await node?.stop();
    await core?.stop();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('we dial its onion service, and it knows us for an onion peer', async () => {
    const address = await meeting.coreAddress(/^[a-z2-7]{56}\.onion$/, 18_444, REACH_DEADLINE_MS);
    const deadline = performance.now() + REACH_DEADLINE_MS;
    while (!(await node.connectTo(address))) expect(performance.now()).toBeLessThan(deadline);
    expect(await meeting.isMet(REACH_DEADLINE_MS)).toBe(true);
    const peer = meeting.peer!;
    expect([String(peer.addr), peer.connectedThroughNetwork]).toEqual([`${address}:18444`, 'onion']);
    expect(peer.transportInfo.transportType).toBe('v2');
    expect(await meeting.corePeers()).toMatchObject([{ network: 'onion', inbound: true, addrbind: coreOnionBind }]);
    await meeting.part();
  }, 200_000);

  test('it dials ours, and we know it for an onion peer', async () => {
    const deadline = performance.now() + REACH_DEADLINE_MS;
    do {
      expect(performance.now()).toBeLessThan(deadline);
      await core.rpc('addnode', `${ourId}.onion`, 'onetry');
    } while (!(await meeting.isMet(CORE_DIAL_MS)));
    const peer = meeting.peer!;
    expect([peer.isInbound, peer.isInboundOnion, peer.connectedThroughNetwork]).toEqual([true, true, 'onion']);
    expect(peer.transportInfo.transportType).toBe('v2');
    expect(await meeting.corePeers()).toMatchObject([{ network: 'onion', inbound: false, addr: `${ourId}.onion` }]);
    await meeting.part();
  }, 200_000);
}

if (bitcoindPath() === undefined) test.skip('Bitcoin Core over Tor (skipped: BITCOIND names no bitcoind)', () => {});
else describeInNamespace('Bitcoin Core over a private Tor network', import.meta.filename, needs, define);
