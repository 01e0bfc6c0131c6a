// Real I2P: two routers, our node listening on one and dialing through the other.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { ZERO_HOPS, startI2PLab } from '../helpers/labs/i2p-lab.ts';
import type { I2PLab } from '../helpers/labs/i2p-lab.ts';
import { describeInNamespace } from '../helpers/labs/namespace.ts';
import { Probe } from '../helpers/probe.ts';
import { inTime, noteProgress, until } from '../helpers/until.ts';

/** A session takes 20 s with this i2pd, now and then twice that. */
const SESSION_DEADLINE_MS = 90_000;
/** How long "connected" may be followed by nothing until it is tried again, in milliseconds. */
const SILENCE_MS = 15_000;
/** How long the first byte may take once the listener has its address, in milliseconds: our own session needs 20 s. */
const REACH_DEADLINE_MS = 60_000;
/** Between two dials of an address that the network has not heard of, in milliseconds. */
const REDIAL_MS = 1_000;
/** Networks that are started until one carries something. */
const NETWORK_ATTEMPTS = 3;
const MEBIBYTE = 1 << 20;

/** Which router serves whom: the floodfill is the second. */
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

describeInNamespace('a private I2P network', import.meta.filename, needs, () => {
  let lab: I2PLab;
  let folder: string;
  let keyFile: string;
  let listener: I2PNode;
  let dialer: Probe;

  const startListener = (): void => {
    listener = new I2PNode();
    listener.startSocketsThreads({
      i2p: { sam: lab.bridges[LISTENER]!, privateKeyFile: keyFile, sessionOptions: ZERO_HOPS },
    });
  };

  /**
   * Dials the listener through the other router and says `greeting`, until the listener has it. A router that has not heard
   * of the address yet refuses; and one that has says "connected" before the peer was asked, so silence is no surprise.
   */
  async function reach(greeting: string): Promise<{ dialed: DialResult; accepted: number }> {
    const to = await listener.address();
    const proxy = { endpoint: lab.bridges[DIALER]!, sessionOptions: ZERO_HOPS };
    const isGreeted = ({ nodeId }: { nodeId: number }): boolean => listener.text(nodeId) === greeting;
    const deadline = performance.now() + REACH_DEADLINE_MS;
    while (performance.now() < deadline) {
      const dialed = await inTime('the dial', dialer.connectAndMakeNodeId(to, { proxy }), SESSION_DEADLINE_MS);
      if (dialed.nodeId === undefined) {
        expect(['sam-cant-reach-peer', 'sam-name-not-found']).toContain(dialed.code);
        await new Promise((resolve) => setTimeout(resolve, REDIAL_MS));
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
      dialer.closeConnection(dialed.nodeId);
    }
    throw new Error(`no peer heard ${greeting}`);
  }

  const startNetwork = async (): Promise<void> => {
    lab = await startI2PLab();
    dialer = new Probe();
    dialer.startSocketsThreads();
    startListener();
  };
  const stopNetwork = async (): Promise<void> => {
    await listener?.[Symbol.asyncDispose]();
    await dialer?.[Symbol.asyncDispose]();
    await lab?.stop();
  };

  let first: { dialed: DialResult; accepted: number };

  // Now and then two fresh routers of this i2pd never carry a byte to each other, most often on a busy machine. That says
  // nothing about us, so such a network is thrown away.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-i2p-key-'));
    keyFile = join(folder, 'i2p_private_key');
    for (let attempt = 1; ; attempt += 1) {
      await startNetwork();
      try {
        first = await reach('hello');
        return;
      } catch (error) {
        if (attempt === NETWORK_ATTEMPTS) throw error;
        console.info(`network ${attempt} carries nothing, starting another`);
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
  }, 240_000);

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

  test('does not know an address that nobody has', async () => {
    const nobody = new Service(new NetAddress('i2p', randomBytes(32)), 0);
    const proxy = { endpoint: lab.bridges[DIALER]!, sessionOptions: ZERO_HOPS };
    const dialed = await dialer.connectAndMakeNodeId(nobody, { proxy });
    expect(dialed).toMatchObject({ code: 'sam-name-not-found', proxyFailed: true });
  }, 240_000);

  test('gives us the same address again with the same key', async () => {
    const before = await listener.address();
    await listener[Symbol.asyncDispose]();
    startListener();
    expect((await listener.address()).toString()).toBe(before.toString());
  }, 240_000);
});
