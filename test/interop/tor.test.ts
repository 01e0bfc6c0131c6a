// Real Tor: exits, an onion service of ours, stream isolation, and the error codes that only Tor sends.

import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { encodeBase32 } from '../../ts/netaddr/base32.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { ConnectTarget, Proxy } from '../../ts/sockman/dial/connect-options.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { describeInNamespace } from '../helpers/labs/namespace.ts';
import { freePort } from '../helpers/labs/programs.ts';
import { TorControl } from '../helpers/labs/tor-control.ts';
import { startTorLab } from '../helpers/labs/tor-lab.ts';
import type { TorLab } from '../helpers/labs/tor-lab.ts';
import { Probe } from '../helpers/probe.ts';
import { until } from '../helpers/until.ts';

const VIRTUAL_PORT = 18_444;
/** An onion service is dialed again until its descriptor is everywhere, for this long at most, in milliseconds. */
const PUBLICATION_DEADLINE_MS = 60_000;

const needs = { packages: { tor: 'tor', 'tor-gencert': 'tor' }, deadlineMs: 300_000 };

describeInNamespace('a private Tor network', import.meta.filename, needs, () => {
  let lab: TorLab;
  let control: TorControl;
  let node: Probe;
  let peer: Probe;
  let peerPort: number;

  beforeAll(async () => {
    lab = await startTorLab();
    control = await TorControl.connect(lab.controlPort);
    await control.command('SETEVENTS HS_DESC');
  }, 150_000);
  afterAll(async () => {
    control?.close();
    await lab?.stop();
  }, 30_000);

  beforeEach(() => {
    node = new Probe();
    node.startSocketsThreads();
    peer = new Probe();
    peer.on.eventNewConnectionAccepted = (nodeId) => (peer.sendBytes(nodeId, Buffer.from('welcome')), true);
    peer.on.eventGotData = (nodeId, data) => void peer.sendBytes(nodeId, data);
    const bound = peer.bindAndStartListening('127.0.0.1:0');
    if (!bound.ok) throw new Error(bound.errmsg);
    peerPort = bound.bound.port;
    peer.startSocketsThreads();
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
    await peer[Symbol.asyncDispose]();
  });

  const dial = (to: ConnectTarget, proxy: Proxy | string = lab.socks): Promise<DialResult> =>
    node.connectAndMakeNodeId(to, { proxy });

  async function expectEcho(dialed: DialResult): Promise<void> {
    expect(dialed).toMatchObject({ nodeId: expect.any(Number) });
    const nodeId = dialed.nodeId!;
    node.sendBytes(nodeId, Buffer.from('question'));
    await until('the echo through Tor', () => node.text(nodeId) === 'welcomequestion');
  }

  /** Makes an onion service that leads to the peer, and waits until its descriptor is published. */
  async function addOnion(options = ''): Promise<string> {
    const published = control.events.length;
    const reply = await control.command(
      `ADD_ONION NEW:ED25519-V3 ${options} Port=${VIRTUAL_PORT},127.0.0.1:${peerPort}`,
    );
    const id = /ServiceID=(\S+)/.exec(reply.join('\n'))![1]!;
    const isPublished = (event: string): boolean => event.startsWith(`HS_DESC UPLOADED ${id}`);
    await until('the descriptor', () => control.events.slice(published).some(isPublished), PUBLICATION_DEADLINE_MS);
    return id;
  }

  /** Dials an onion service that was just published; until every directory has it, Tor may not find it. */
  async function dialOnion(id: string, proxy: Proxy | string = lab.socks): Promise<DialResult> {
    const deadline = performance.now() + PUBLICATION_DEADLINE_MS;
    for (;;) {
      const dialed = await dial(`${id}.onion:${VIRTUAL_PORT}`, proxy);
      const code = dialed.nodeId === undefined ? dialed.code : undefined;
      if (code !== 'tor-onion-descriptor-not-found' || performance.now() > deadline) return dialed;
    }
  }

  test('carries us through an exit, over TCP and over a Unix-domain socket', async () => {
    await expectEcho(await dial(`127.0.0.1:${peerPort}`));
    await expectEcho(await dial({ host: '127.0.0.1', port: peerPort }));
    const dialed = await dial(`127.0.0.1:${peerPort}`, lab.unixSocks);
    await expectEcho(dialed);
    expect(String((dialed as { me: Service }).me)).toBe('[::]:0');
  }, 60_000);

  test('gives each isolated stream a circuit of its own', async () => {
    for (let count = 0; count < 3; count += 1) {
      await expectEcho(await dial(`127.0.0.1:${peerPort}`, { endpoint: lab.socks, streamIsolation: true }));
    }
    const circuits = (await control.command('GETINFO circuit-status')).filter((line) =>
      line.includes('SOCKS_USERNAME'),
    );
    const users = new Set(circuits.map((line) => /SOCKS_USERNAME="([^"]+)"/.exec(line)![1]!));
    const prefixes = new Set([...users].map((user) => user.replace(/\d+$/, '')));
    expect([users.size, prefixes.size]).toEqual([3, 1]);
    expect([...prefixes][0]).toMatch(/^[0-9a-f]{16}-$/);
  }, 60_000);

  test('says "general failure" for a closed port behind an exit', async () => {
    expect(await dial(`127.0.0.1:${await freePort()}`)).toMatchObject({
      code: 'socks5-general-failure',
      proxyFailed: false,
    });
  }, 60_000);

  test('calls an onion name with a wrong checksum invalid', async () => {
    const host = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscsad.onion';
    expect(await dial({ host, port: 1 })).toMatchObject({ code: 'tor-onion-address-invalid', proxyFailed: false });
  }, 60_000);

  test('leads to an onion service of ours, and says when the service goes away', async () => {
    const id = await addOnion('PoWDefensesEnabled=1');
    const dialed = await dialOnion(id);
    await expectEcho(dialed);
    expect(node.addressesOf(dialed.nodeId!)?.remote.toString()).toBe(`${id}.onion:${VIRTUAL_PORT}`);
    await expectEcho(await dialOnion(id, lab.unixSocks));
    expect(await dial(`${id}.onion:1`)).toMatchObject({ code: 'socks5-connection-refused', proxyFailed: false });

    await control.command(`DEL_ONION ${id}`);
    // A circuit of its own, since those to the service outlive it. The first attempts ask introduction points that are
    // gone, until Tor's patience ends, or ours; after that Tor knows better.
    const alone = { endpoint: lab.socks, streamIsolation: true };
    const answers: string[] = [];
    while (answers.length < 5 && answers.at(-1) !== 'tor-onion-introduction-failed') {
      answers.push(((await dialOnion(id, alone)) as { code: string }).code);
    }
    expect(answers.pop()).toBe('tor-onion-introduction-failed');
    for (const code of answers) expect(['socks5-ttl-expired', 'socks5-reply-timed-out']).toContain(code);
  }, 180_000);

  test('asks for client authorization, and refuses a wrong one', async () => {
    const rawKey = (): { publicKey: Buffer; privateKey: Buffer } => {
      const pair = generateKeyPairSync('x25519');
      return {
        publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
        privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32),
      };
    };
    const id = await addOnion(`Flags=V3Auth ClientAuthV3=${encodeBase32(rawKey().publicKey).toUpperCase()}`);
    expect(await dialOnion(id)).toMatchObject({ code: 'tor-onion-missing-authorization', proxyFailed: false });
    await control.command(`ONION_CLIENT_AUTH_ADD ${id} x25519:${rawKey().privateKey.toString('base64')}`);
    expect(await dialOnion(id)).toMatchObject({ code: 'tor-onion-wrong-authorization', proxyFailed: false });
  }, 120_000);

  test('knows no descriptor of an onion service that never was', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const to = new Service(new NetAddress('onion', key), 1);
    expect(await dial(to)).toMatchObject({ code: 'tor-onion-descriptor-not-found', proxyFailed: false });
  }, 60_000);
});
