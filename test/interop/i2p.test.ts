// Real I2P: two routers, our node listening on one and dialing through the other.
//
// A session takes the router 20 s, whether it is the first or the tenth. So all of them are made at the same time, before
// the first test: dials of an address that nobody has fail, and leave theirs in the pool for later dials.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { addressOfDestinationText } from '../../ts/sockman/dial/i2p-destination.ts';
import { ZERO_HOPS, startI2PLab } from '../harness/labs/i2p-lab.ts';
import type { I2PLab } from '../harness/labs/i2p-lab.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { Probe } from '../harness/probe.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

/** A session takes 20 s with this i2pd, sometimes twice that. */
const SESSION_DEADLINE_MS = 90_000;
/** How long "connected" may be followed by nothing until it is tried again, in milliseconds. */
const SILENCE_MS = 5_000;
/** How long the first byte may take once there are sessions at both ends, in milliseconds. */
const REACH_DEADLINE_MS = 20_000;
/** Networks that are started until one carries something. */
const NETWORK_ATTEMPTS = 3;
/** Streams that the tests dial, each with a session of its own. */
const STREAM_COUNT = 3;
/** A session that is made by hand. */
const TELLER = 'teller';
const MEBIBYTE = 1 << 20;

/** Which router serves which side: the floodfill is the second. */
const LISTENER = 1;
const DIALER = 0;

const needs = { packages: { i2pd: 'i2pd' }, deadlineMs: 600_000 };

/** A node that listens on I2P. */
class I2PNode extends Probe {
  readonly listening: { addr: Service; success: boolean }[] = [];

  override eventI2PListen(addr: Service, success: boolean): void {
    this.listening.push({ addr, success });
    noteProgress();
  }

  async address(): Promise<Service> {
    await until('listening on I2P', () => this.listening.some(({ success }) => success), SESSION_DEADLINE_MS);
    return this.listening.find(({ success }) => success)!.addr;
  }
}

/** A way to a bridge that can be cut, as when the router goes away. */
class Wire {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => {
    const far = connect(this.#port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => (this.#sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  });
  readonly #port: number;

  constructor(bridge: string) {
    this.#port = Service.parse(bridge).port;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}

describeInNamespace('a private I2P network', import.meta.filename, needs, () => {
  let lab: I2PLab;
  let folder: string;
  let keyFile: string;
  let wire: Wire;
  let wireAddress: string;
  let listener: I2PNode;
  let dialer: Probe;
  let host: Connman;
  let guest: Connman;
  /** What came of dials to an address that nobody has. */
  let vain: DialResult[];

  const proxy = (): { endpoint: string; sessionOptions: string } => ({
    endpoint: lab.bridges[DIALER]!,
    sessionOptions: ZERO_HOPS,
  });

  const startListener = (): void => {
    listener = new I2PNode();
    listener.startSocketsThreads({
      i2p: { sam: wireAddress, privateKeyFile: keyFile, sessionOptions: ZERO_HOPS },
    });
  };

  async function startConnman(router: number, options: ConnmanOptions): Promise<Connman> {
    const i2p = { i2pSam: lab.bridges[router]!, i2pSessionOptions: ZERO_HOPS };
    const connman = new Connman({ chain: 'regtest', listen: false, noConnect: true, ...i2p, ...options });
    const peers = new PeerManager();
    peers.on('peerReady', noteProgress);
    connman.on('closedConnection', noteProgress);
    await connman.start(peers);
    return connman;
  }

  /**
   * Dials the listener through the other router and says `greeting`, until the listener has it. A router that has not heard
   * of the address yet refuses; and one that has says "connected" before the peer was asked, so silence is no surprise.
   */
  async function reach(greeting: string): Promise<{ dialed: DialResult; accepted: number }> {
    const to = await listener.address();
    const isGreeted = ({ nodeId }: { nodeId: number }): boolean => listener.text(nodeId) === greeting;
    const outcomes: string[] = [];
    const deadline = performance.now() + REACH_DEADLINE_MS;
    while (performance.now() < deadline) {
      const dialed = await inTime('the dial', dialer.connectAndMakeNodeId(to, { proxy: proxy() }), SESSION_DEADLINE_MS);
      if (dialed.nodeId === undefined) {
        expect(['sam-cant-reach-peer', 'sam-name-not-found']).toContain(dialed.code);
        outcomes.push(dialed.code);
        await lab.news();
        continue;
      }
      dialer.sendBytes(dialed.nodeId, Buffer.from(greeting));
      const heard = until(greeting, () => listener.accepted.some(isGreeted), SILENCE_MS);
      if (
        await heard.then(
          () => true,
          () => false,
        )
      )
        return { dialed, accepted: listener.accepted.find(isGreeted)!.nodeId };
      outcomes.push('silence');
      dialer.closeConnection(dialed.nodeId);
    }
    throw new Error(`no peer heard ${greeting}: ${outcomes.join(', ')}`);
  }

  /** A connection to the dialer's bridge, to speak SAM by hand. */
  async function openBridge(): Promise<number> {
    const { nodeId } = await dialer.connectAndMakeNodeId(lab.bridges[DIALER]!);
    await ask(nodeId!, 'HELLO VERSION MIN=3.1 MAX=3.1');
    return nodeId!;
  }

  /** Sends a line. @returns The line that answers it. */
  async function ask(nodeId: number, request: string): Promise<string> {
    const before = dialer.receivedBytes(nodeId);
    dialer.sendBytes(nodeId, Buffer.from(`${request}\n`));
    const answer = (): string => dialer.text(nodeId).slice(before);
    await until(`the answer to ${request}`, () => answer().endsWith('\n'), SESSION_DEADLINE_MS);
    return answer();
  }

  const nobody = (): Service => new Service(new NetAddress('i2p', randomBytes(32)), 0);

  /** Starts routers and nodes, and waits until every session that the tests need is there. */
  const startNetwork = async (): Promise<void> => {
    lab = await startI2PLab();
    wire = new Wire(lab.bridges[LISTENER]!);
    wireAddress = await wire.listen();
    dialer = new Probe();
    dialer.startSocketsThreads();
    startListener();
    host = await startConnman(LISTENER, { i2pPrivateKeyFile: join(folder, 'host') });
    guest = await startConnman(DIALER, { peerTimeoutSeconds: 1 });
    const dials = Array.from({ length: STREAM_COUNT }, () => dialer.connectAndMakeNodeId(nobody(), { proxy: proxy() }));
    const teller = ask(
      await openBridge(),
      `SESSION CREATE STYLE=STREAM ID=${TELLER} DESTINATION=TRANSIENT SIGNATURE_TYPE=7 ${ZERO_HOPS}`,
    );
    const guestDials = [1, 2, 3].map(() => guest.connectTo(nobody().toString()));
    expect(await teller).toContain('RESULT=OK');
    vain = await inTime('sessions to dial with', Promise.all(dials), SESSION_DEADLINE_MS);
    await inTime('sessions of the guest', Promise.all(guestDials), SESSION_DEADLINE_MS);
    await listener.address();
    await until('the host', () => host.localAddresses().length > 0, SESSION_DEADLINE_MS);
  };
  const stopNetwork = async (): Promise<void> => {
    await Promise.all([listener, dialer, host, guest].map((node) => node?.[Symbol.asyncDispose]()));
    wire?.close();
    await lab?.stop();
  };

  let first: { dialed: DialResult; accepted: number };

  // On a machine so busy that connections of the routers time out, a network may still carry nothing. That says nothing about
  // us, so such a network is thrown away, and said to be.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-i2p-key-'));
    keyFile = join(folder, 'i2p_private_key');
    for (let attempt = 1; ; attempt += 1) {
      try {
        await startNetwork();
        first = await reach('hello');
        return;
      } catch (error) {
        if (attempt === NETWORK_ATTEMPTS) throw error;
        console.info(`network ${attempt} carries nothing, starting another: ${String(error)}`);
        await stopNetwork();
      }
    }
  }, NETWORK_ATTEMPTS * 180_000);
  afterAll(async () => {
    await stopNetwork();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  let here: number;
  let there: number;

  test('makes our address, and carries a peer to it that knows who we are', async () => {
    const me = await listener.address();
    expect(me.address.isI2P()).toBe(true);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(keyFile)).toHaveLength(679);
    const { dialed, accepted } = first;
    here = dialed.nodeId!;
    there = accepted;
    const ends = listener.accepted.find(({ nodeId }) => nodeId === accepted)!;
    expect([ends.me.toString(), ends.them.toString()]).toEqual([
      me.toString(),
      (dialed as { me: Service }).me.toString(),
    ]);
    expect(dialer.addressesOf(here)?.remote.toString()).toBe(me.toString());
  });

  test('moves a mebibyte each way', async () => {
    const directions = [
      { from: dialer, fromId: here, to: listener, toId: there },
      { from: listener, fromId: there, to: dialer, toId: here },
    ];
    for (const { from, fromId, to, toId } of directions) {
      const before = to.receivedBytes(toId);
      const payload = randomBytes(MEBIBYTE);
      let sent = 0;
      const push = (): void => {
        while (sent < payload.length) {
          const taken = from.sendBytes(fromId, payload.subarray(sent));
          if (taken <= 0) return;
          sent += taken;
        }
      };
      from.on.eventReadyToSend = push;
      push();
      await until('the mebibyte', () => to.receivedBytes(toId) === before + MEBIBYTE, SESSION_DEADLINE_MS);
      const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
      expect(digest(to.bytes(toId).subarray(before))).toBe(digest(payload));
    }
  }, 200_000);

  // The end of a transient session may overtake the end of its only stream, and then the peer never hears of either; that
  // of a persistent one does not.
  test('tells the end of a stream whose session lives on', async () => {
    listener.closeConnection(there);
    await until('the end', () => dialer.hasEnded(here), SESSION_DEADLINE_MS);
    dialer.closeConnection(here);
  }, 120_000);

  test('accepts the next peer', async () => {
    const { accepted } = await reach('again');
    expect(accepted).toBeGreaterThan(there);
  }, 240_000);

  test('does not know an address that nobody has', () => {
    expect(vain).toHaveLength(STREAM_COUNT);
    for (const dialed of vain) expect(dialed).toMatchObject({ code: 'sam-name-not-found', proxyFailed: true });
  });

  test('cannot reach a destination that it was told of and that nobody published', async () => {
    const generated = await ask(await openBridge(), 'DEST GENERATE SIGNATURE_TYPE=7');
    const destination = /PUB=(\S+)/.exec(generated)![1]!;
    // A request for a stream to it makes it known to the router.
    const refused = await ask(
      await openBridge(),
      `STREAM CONNECT ID=${TELLER} DESTINATION=${destination} SILENT=false`,
    );
    expect(refused).toContain('RESULT=CANT_REACH_PEER');
    const to = new Service(addressOfDestinationText(destination)!, 0);
    const dialed = await dialer.connectAndMakeNodeId(to, { proxy: proxy() });
    expect(dialed).toMatchObject({ code: 'sam-cant-reach-peer', proxyFailed: false });
  }, 240_000);

  test('makes the session again when the router ends it, with the same address', async () => {
    const before = await listener.address();
    const rounds = listener.listening.length;
    wire.cut();
    const isBack = (): boolean => listener.listening.slice(rounds).some(({ success }) => success);
    await until('listening again', isBack, SESSION_DEADLINE_MS);
    expect(listener.listening.at(-1)!.addr.toString()).toBe(before.toString());
    await reach('after the cut');
  }, 240_000);

  test('gives us the same address again with the same key', async () => {
    const before = await listener.address();
    await listener[Symbol.asyncDispose]();
    startListener();
    expect((await listener.address()).toString()).toBe(before.toString());
  }, 240_000);

  test.each([true, false])(
    'carries the handshake of two Bitcoin nodes (V2: %s)',
    async (usesV2) => {
      const { service } = host.localAddresses()[0]!;
      // A router may need a second look-up until it hears of a new address.
      const deadline = performance.now() + REACH_DEADLINE_MS;
      while (!(await guest.connectTo(service.toString(), usesV2))) {
        expect(performance.now()).toBeLessThan(deadline);
        await lab.news();
      }
      const nodes = () => [...host.nodes(), ...guest.nodes()];
      const isMet = (): boolean => nodes().length === 2 && nodes().every((node) => node.isSuccessfullyConnected);
      await until('both handshakes', isMet, SESSION_DEADLINE_MS);
      for (const node of nodes()) {
        expect([node.connectedThroughNetwork, node.transportInfo.transportType]).toEqual(['i2p', usesV2 ? 'v2' : 'v1']);
      }
      expect(String([...host.nodes()][0]!.addrBind)).toBe(String(service));
      host.disconnectNode([...host.nodes()][0]!.id);
      await until('the end', () => nodes().length === 0, SESSION_DEADLINE_MS);
    },
    240_000,
  );

  // The router says "connected" as soon as it knows where the destination was; nothing ever comes.
  test('connects us to a node that went away a moment ago, and our patience ends it', async () => {
    const { service } = host.localAddresses()[0]!;
    await host.stop();
    const reasons: string[] = [];
    guest.on('closedConnection', ({ reason }) => (reasons.push(reason), noteProgress()));
    expect(await guest.connectTo(service.toString())).toBe(true);
    await until('the end of our patience', () => reasons.length > 0, SESSION_DEADLINE_MS);
    expect(reasons[0]).toMatch(/^socket no message in first 1 seconds/);
  }, 240_000);
});
