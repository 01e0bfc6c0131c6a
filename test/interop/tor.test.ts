// Real Tor: exits, onion services of ours, stream isolation, the error codes that only Tor sends, and its control port.

import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import type { CliIo } from '../../ts/cli/terminal/cli-io.ts';
import { onionServiceOf, readOnionArguments } from '../../ts/cli/node/onion.ts';
import { Connman } from '../../ts/connman/connman.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { encodeBase32 } from '../../ts/netaddr/text/base32.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import type { ConnectTarget, Proxy } from '../../ts/sockman/dial/connect-options.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { authenticate } from '../../ts/tor/authenticate.ts';
import type { TorCredentials } from '../../ts/tor/authenticate.ts';
import { addOnion, socksListener } from '../../ts/tor/commands.ts';
import type { TorFailure } from '../../ts/tor/failure.ts';
import type { OnionService } from '../../ts/tor/onion-service.ts';
import { TorControl } from '../../ts/tor/tor-control.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { freePort } from '../harness/labs/programs.ts';
import { CONTROL_PASSWORD, startTorLab } from '../harness/labs/tor-lab.ts';
import type { TorLab } from '../harness/labs/tor-lab.ts';
import { Probe } from '../harness/probe.ts';
import { noteProgress, until } from '../harness/until.ts';
import { startWelcomingPeer } from './welcoming-peer.ts';

const VIRTUAL_PORT = 18_444;
/** An onion service is dialed again until its descriptor is everywhere, for this long at most, in milliseconds. */
const PUBLICATION_DEADLINE_MS = 60_000;

/** A node that does nothing by itself. */
const QUIET = { chain: 'regtest', noConnect: true } as const;

async function startWithPeerManager(connman: Connman): Promise<void> {
  const peers = new PeerManager();
  peers.on('peerReady', noteProgress);
  await connman.start(peers);
}

const needs = { packages: { tor: 'tor', 'tor-gencert': 'tor' }, deadlineMs: 300_000 };

describeInNamespace('a private Tor network', import.meta.filename, needs, () => {
  let lab: TorLab;
  let controller: Probe;
  let control: TorControl;
  /** Asynchronous events of Tor. */
  const events: string[] = [];
  let node: Probe;
  let peer: Probe;
  let peerPort: number;

  beforeAll(async () => {
    lab = await startTorLab();
    controller = new Probe();
    controller.startSocketsThreads();
    control = await TorControl.connect(controller, lab.control, {
      onEvent: ({ lines }) => (events.push(lines[0]!), noteProgress()),
    });
    await authenticate(control);
    await command('SETEVENTS HS_DESC');
  }, 150_000);
  afterAll(async () => {
    control?.close();
    await controller?.[Symbol.asyncDispose]();
    await lab?.stop();
  }, 30_000);

  beforeEach(() => {
    node = new Probe();
    node.startSocketsThreads();
    ({ peer, port: peerPort } = startWelcomingPeer());
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
    await peer[Symbol.asyncDispose]();
  });

  /** Gives Tor a command that it must not refuse. @returns The lines of the reply. */
  async function command(text: string): Promise<readonly string[]> {
    const { code, lines } = await control.command(text);
    if (code !== 250) throw new Error(`${text}: ${code} ${lines.join(' ')}`);
    return lines;
  }

  const dial = (to: ConnectTarget, proxy: Proxy | string = lab.socks): Promise<DialResult> =>
    node.connectAndMakeNodeId(to, { proxy });

  async function expectEcho(dialed: DialResult): Promise<void> {
    expect(dialed).toMatchObject({ nodeId: expect.any(Number) });
    const nodeId = dialed.nodeId!;
    node.sendBytes(nodeId, Buffer.from('question'));
    await until('the echo through Tor', () => node.text(nodeId) === 'welcomequestion');
  }

  /** Makes an onion service that leads to the peer, and waits until its descriptor is published. */
  async function publish(make: () => Promise<string>): Promise<string> {
    const published = events.length;
    const id = await make();
    const isPublished = (event: string): boolean => event.startsWith(`HS_DESC UPLOADED ${id}`);
    await until('the descriptor', () => events.slice(published).some(isPublished), PUBLICATION_DEADLINE_MS);
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

  /** Dials an onion service until it is reached: in so young a network a circuit may come to nothing. */
  async function reachOnion(id: string, proxy: Proxy | string = lab.socks): Promise<DialResult> {
    const deadline = performance.now() + PUBLICATION_DEADLINE_MS;
    for (;;) {
      const dialed = await dialOnion(id, proxy);
      if (dialed.nodeId !== undefined || performance.now() > deadline) return dialed;
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
    const circuits = (await command('GETINFO circuit-status')).filter((line) => line.includes('SOCKS_USERNAME'));
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
    const target = Service.parse(`127.0.0.1:${peerPort}`);
    const id = await publish(async () => {
      const { service, newKey } = await addOnion(control, { key: undefined, virtualPort: VIRTUAL_PORT, target });
      expect(newKey).toMatch(/^ED25519-V3:/);
      return service.address.toString().replace('.onion', '');
    });
    const dialed = await reachOnion(id);
    await expectEcho(dialed);
    expect(node.addressesOf(dialed.nodeId!)?.remote.toString()).toBe(`${id}.onion:${VIRTUAL_PORT}`);
    await expectEcho(await reachOnion(id, lab.unixSocks));
    expect(await dial(`${id}.onion:1`)).toMatchObject({ code: 'socks5-connection-refused', proxyFailed: false });

    await command(`DEL_ONION ${id}`);
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
    const client = encodeBase32(rawKey().publicKey).toUpperCase();
    const target = `Port=${VIRTUAL_PORT},127.0.0.1:${peerPort}`;
    const id = await publish(async () => {
      const reply = await command(`ADD_ONION NEW:ED25519-V3 Flags=V3Auth ClientAuthV3=${client} ${target}`);
      return reply.find((line) => line.startsWith('ServiceID='))!.slice('ServiceID='.length);
    });
    expect(await dialOnion(id)).toMatchObject({ code: 'tor-onion-missing-authorization', proxyFailed: false });
    await command(`ONION_CLIENT_AUTH_ADD ${id} x25519:${rawKey().privateKey.toString('base64')}`);
    expect(await dialOnion(id)).toMatchObject({ code: 'tor-onion-wrong-authorization', proxyFailed: false });
  }, 120_000);

  test('knows no descriptor of an onion service that never was', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const to = new Service(new NetAddress('onion', key), 1);
    expect(await dial(to)).toMatchObject({ code: 'tor-onion-descriptor-not-found', proxyFailed: false });
  }, 60_000);

  /** Authenticates at a control port. @returns How that failed; undefined if it did not. */
  async function failureAt(at: string, credentials?: TorCredentials): Promise<TorFailure | undefined> {
    const other = await TorControl.connect(controller, at);
    try {
      await authenticate(other, credentials);
      return undefined;
    } catch (error) {
      return (error as { failure: TorFailure }).failure;
    } finally {
      other.close();
    }
  }

  test('lets us in with nothing, its cookie or the password, and with no other password', async () => {
    expect(await failureAt(lab.openControl)).toBeUndefined();
    expect(await failureAt(lab.openControl, { password: CONTROL_PASSWORD })).toBe('no-usable-authentication');
    expect(await failureAt(lab.control)).toBeUndefined();
    expect(await failureAt(lab.control, { password: CONTROL_PASSWORD })).toBeUndefined();
    expect(await failureAt(lab.control, { password: 'guess' })).toBe('authentication-refused');
  });

  test('names its SOCKS port, and refuses what it does not know', async () => {
    expect(String(await socksListener(control))).toBe(lab.socks);
    expect(await control.command('FLY')).toMatchObject({ code: 510 });
    expect(await control.command('ADD_ONION NEW:ED25519-V3 Wings=2 Port=1')).toMatchObject({ code: 512 });
  });

  test('carries a node to the onion service of another, which knows it for an onion peer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-onion-node-'));
    mkdirSync(join(folder, 'regtest'));
    const printed: string[] = [];
    const say = (line: string): void => void (printed.push(line), noteProgress());
    const listener = new Connman({ bind: ['127.0.0.1:0'], onionBind: ['127.0.0.1:0'], ...QUIET });
    const dialer = new Connman({ onion: lab.socks, listen: false, ...QUIET });
    const before = events.length;
    let onion: OnionService | undefined;
    try {
      await startWithPeerManager(listener);
      await startWithPeerManager(dialer);
      onion = onionServiceOf(listener, 'regtest', folder, readOnionArguments(lab.control, undefined)!, {
        ...({ print: say, complain: say } as Partial<CliIo> as CliIo),
      });
      onion.start();
      await until('the service', () => printed.length > 0, PUBLICATION_DEADLINE_MS);
      const [, id] = /^onion service at (\S+)\.onion:18444$/.exec(printed[0]!)!;
      const isPublished = (event: string): boolean => event.startsWith(`HS_DESC UPLOADED ${id}`);
      await until('the descriptor', () => events.slice(before).some(isPublished), PUBLICATION_DEADLINE_MS);
      const key = readFileSync(join(folder, 'regtest', 'onion_v3_private_key'), 'latin1');
      expect(key).toMatch(/^ED25519-V3:/);

      const deadline = performance.now() + PUBLICATION_DEADLINE_MS;
      while (!(await dialer.connectTo(`${id}.onion`)) && performance.now() < deadline);
      await dialer.connectTo(String(listener.listeningAt[0]));
      const isMet = (): boolean => {
        const nodes = [...listener.nodes()];
        return nodes.length === 2 && nodes.every(({ isSuccessfullyConnected }) => isSuccessfullyConnected);
      };
      await until('both handshakes', isMet, PUBLICATION_DEADLINE_MS);
      expect([...listener.nodes()].map((each) => [each.isInboundOnion, each.connectedThroughNetwork])).toEqual([
        [true, 'onion'],
        [false, 'not_publicly_routable'],
      ]);
      expect(listener.localAddresses().map(({ service }) => String(service))).toEqual([`${id}.onion:18444`]);
      await onion.stop();
      expect(listener.localAddresses()).toEqual([]);
    } finally {
      await onion?.stop();
      await dialer.stop();
      await listener.stop();
      rmSync(folder, { recursive: true });
    }
  }, 150_000);
});
