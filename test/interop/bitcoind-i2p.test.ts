// Bitcoin Core over a private I2P network, in both directions, V1 and V2.
//
// Needs BITCOIND to name a bitcoind, and i2pd. Core asks for tunnels of the usual lengths, which take six routers; ours does
// the same.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { ROUTERS_FOR_TUNNELS, startI2PLab } from '../harness/labs/i2p-lab.ts';
import type { I2PLab } from '../harness/labs/i2p-lab.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { OverlayMeeting } from '../harness/labs/overlay-meeting.ts';

/** Until tunnels are built and both nodes have their addresses, in milliseconds: 20 s as a rule. */
const SESSIONS_DEADLINE_MS = 300_000;
/** How long an address is dialed again until the network knows it, in milliseconds. */
const REACH_DEADLINE_MS = 120_000;
/** How long one dial of Core's may take until it is asked for another, in milliseconds. */
const CORE_DIAL_MS = 15_000;

const needs = { packages: { i2pd: 'i2pd' }, deadlineMs: 900_000 };

function define(): void {
  let lab: I2PLab;
  let core: Bitcoind;
  let node: Connman;
  let meeting: OverlayMeeting;
  let folder: string;
  let coreAddress: string;
  let ourAddress: string;

  beforeAll(async () => {
    lab = await startI2PLab(ROUTERS_FOR_TUNNELS);
    folder = mkdtempSync(join(tmpdir(), 'sockman-core-i2p-'));
    core = await Bitcoind.start([DIALS_NOBODY, `-i2psam=${lab.bridges[0]}`, '-onlynet=i2p', '-debug=i2p']);
    node = new Connman({
      chain: 'regtest',
      noConnect: true,
      i2pSam: lab.bridges[1]!,
      i2pPrivateKeyFile: join(folder, 'i2p_private_key'),
    });
    meeting = await OverlayMeeting.start(node, core);
  }, SESSIONS_DEADLINE_MS);
  afterAll(async () => {
    await node?.stop();
    await core?.stop();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test(
    'both get an address',
    async () => {
      coreAddress = `${await meeting.coreAddress(/^[a-z2-7]{52}\.b32\.i2p$/, 0, SESSIONS_DEADLINE_MS)}:0`;
      await expect.poll(() => node.localAddresses().length, { timeout: SESSIONS_DEADLINE_MS, interval: 1_000 }).toBe(1);
      ourAddress = String(node.localAddresses()[0]!.service);
    },
    2 * SESSIONS_DEADLINE_MS,
  );

  test.each([true, false])(
    'we dial it (V2: %s)',
    async (usesV2) => {
      const deadline = performance.now() + REACH_DEADLINE_MS;
      while (!(await node.connectTo(coreAddress, usesV2)) || !(await meeting.isMet(CORE_DIAL_MS))) {
        expect(performance.now()).toBeLessThan(deadline);
        await lab.news();
      }
      const peer = meeting.peer!;
      expect([String(peer.addr), peer.connectedThroughNetwork]).toEqual([coreAddress, 'i2p']);
      expect(peer.transportInfo.transportType).toBe(usesV2 ? 'v2' : 'v1');
      expect(await meeting.corePeers()).toMatchObject([{ network: 'i2p', inbound: true, addrbind: coreAddress }]);
      await meeting.part();
    },
    2 * REACH_DEADLINE_MS,
  );

  test.each([true, false])(
    'it dials us (V2: %s)',
    async (usesV2) => {
      const deadline = performance.now() + REACH_DEADLINE_MS;
      do {
        expect(performance.now()).toBeLessThan(deadline);
        await core.rpc('addnode', ourAddress, 'onetry', usesV2);
      } while (!(await meeting.isMet(CORE_DIAL_MS)));
      const peer = meeting.peer!;
      expect([peer.isInbound, peer.connectedThroughNetwork]).toEqual([true, 'i2p']);
      expect(String(peer.addrBind)).toBe(ourAddress);
      expect(peer.transportInfo.transportType).toBe(usesV2 ? 'v2' : 'v1');
      expect(await meeting.corePeers()).toMatchObject([{ network: 'i2p', inbound: false, addr: ourAddress }]);
      await meeting.part();
    },
    2 * REACH_DEADLINE_MS,
  );
}

if (bitcoindPath() === undefined) test.skip('Bitcoin Core over I2P (skipped: BITCOIND names no bitcoind)', () => {});
else describeInNamespace('Bitcoin Core over a private I2P network', import.meta.filename, needs, define);
