// Whatever bytes come, nothing gets out of the dispatcher, nobody but the sender pays, and nothing is left behind.
//
// SOCKMAN_FUZZ_MESSAGES sets how many random messages are sent. The specification asks for a million, which take a minute:
//
//     SOCKMAN_FUZZ_MESSAGES=1000000 npx vitest run test/peerman/hostile.test.ts

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CONNECTION_TYPES } from '../../ts/connman/node/connection-types.ts';
import { MESSAGE_TYPES } from '../../ts/p2p/messages/message-types.ts';
import type { MessageType } from '../../ts/p2p/messages/message-types.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { PeerHooks } from '../../ts/peerman/index.ts';
import { messageArbitraries } from '../harness/peers/messages.ts';
import type { LabPeer } from '../harness/peers/peer-lab.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { fromHex } from '../harness/data/vectors.ts';

const FUZZ_MESSAGES = Number(process.env['SOCKMAN_FUZZ_MESSAGES'] ?? 100_000);

/** Everything a random message may cost its sender. */
const CONSEQUENCES = [
  /^misbehaved: /,
  /^(wtxidrelay|sendaddrv2|feature|sendtxrcncl) received after verack$/,
  /^feature at protocol version \d+$/,
  /^malformed feature$/,
  /^(second sendtxrcncl|sendtxrcncl (although|of version).*)$/,
  /^locator of more than 101 hashes in get(headers|blocks)$/,
  /^(filterload|filteradd|filterclear|mempool) although .* not offered$/,
  /^unanswerable getcf(ilters|headers|checkpt)$/,
  /^peer using obsolete version -?\d+$/,
  /^peer does not offer the expected services \([0-9a-f]+ offered, [0-9a-f]+ expected\)$/,
  /^(announces|sends) transactions although we take none$/,
  /^(takes no transactions|nothing to broadcast|asks for something that was not announced)$/,
  /^(feeler connection completed|addr-fetch: it answered|private broadcast: done)$/,
  // Time passes, and some random peers are of kinds of which few are wanted, or for a short time.
  /^(addr-fetch: no answer|more outbound peers than wanted|ping timeout: [\d.]+s|private broadcast: took too long)$/,
];

/** A hook for everything, so that all of the code is reached. */
const hooks: PeerHooks = {
  onTx() {},
  onInv() {},
  onGetData() {},
  onNotFound() {},
  onChainMessage() {},
  onUnknownMessage() {},
  minFeeRate: () => 1_000n,
  getTx: () => undefined,
  isTxKnown: ({ hash }) => hash[0]! % 2 === 0,
};

function samplesOf(type: MessageType, count: number): Uint8Array[] {
  const options = { seed: 7, numRuns: count };
  return fc
    .sample(messageArbitraries[type] as fc.Arbitrary<never>, options)
    .map((message) => encodeMessage(message).payload);
}

/** What the log says of hostile peers. */
const USUAL_LINES = [
  /Error: .*\(at byte \d+\)$|Misbehaving: |receive version message: |peer connected: |stays although/,
  /(prior to verack|before version handshake\. Message "[^"]*"|redundant version message|redundant verack message) from peer=\d+$/,
  /Cleared nodestate for peer=\d+$|pong peer=\d+: |Ignoring repeated "getaddr"|message from private-broadcast peer=\d+$/,
];
const isUsual = (line: string): boolean => USUAL_LINES.some((pattern) => pattern.test(line));

/** The ends of random connections, in every phase and of every type. */
function connectAny(lab: PeerLab, random: () => number): LabPeer {
  const type = CONNECTION_TYPES[random() % CONNECTION_TYPES.length]!;
  const peer = lab.connect({ type, ourServices: BigInt(random() % 0x1000) });
  const phase = random() % 4;
  if (phase > 0) peer.sendVersion({ protocolVersion: 70_010 + (random() % 8) });
  if (phase > 1) peer.send({ type: 'verack' });
  return peer;
}

describe('every type of message', () => {
  it.each(MESSAGE_TYPES)('%s, cut at every byte, leaves the peer or has a consequence that is written down', (type) => {
    const lab = new PeerLab({ hooks });
    const witness = lab.connectReady();
    for (const payload of samplesOf(type, 5)) {
      const step = Math.max(1, Math.floor(payload.length / 60));
      for (let length = 0; length <= payload.length; length += step) {
        for (const peer of [lab.connectReady(), lab.connect().sendVersion(), lab.connect()]) {
          peer.sendRaw(type, payload.subarray(0, length));
          lab.settle();
          const { disconnectReason } = peer.node;
          if (disconnectReason === undefined) lab.drop(peer);
          else
            expect(
              CONSEQUENCES.some((pattern) => pattern.test(disconnectReason)),
              disconnectReason,
            ).toBe(true);
        }
      }
    }
    expect(witness.ask({ type: 'ping', nonce: 1n })).toMatchObject([{ type: 'pong' }]);
    expect(lab.log.filter((line) => !isUsual(line))).toEqual([]);
  });

  const countTypes: [MessageType, string][] = [
    ['addr', ''],
    ['addrv2', ''],
    ['inv', ''],
    ['getdata', ''],
    ['notfound', ''],
    ['headers', ''],
    ['getheaders', '00000000'],
    ['getblocks', '00000000'],
    ['filterload', ''],
    ['filteradd', ''],
    ['getblocktxn', '00'.repeat(32)],
    ['blocktxn', '00'.repeat(32)],
    ['block', '00'.repeat(80)],
    ['cmpctblock', '00'.repeat(88)],
    ['merkleblock', '00'.repeat(84)],
    ['cfheaders', '00'.repeat(65)],
    ['cfcheckpt', '00'.repeat(33)],
    ['cfilter', '00'.repeat(33)],
    ['version', '81110100' + '00'.repeat(76)],
  ];
  it.each(countTypes)('%s with a count of 2^25, 2^32 or 2^64 - 1 costs no memory', (type, head) => {
    for (const count of ['fe00000002', 'fe01000002', 'ff0000000001000000', 'ffffffffffffffffff']) {
      const lab = new PeerLab({ hooks });
      const peer = type === 'version' ? lab.connect() : lab.connectReady({ ourServices: 0x4dn });
      const payload = fromHex(head + count);
      const before = process.memoryUsage();
      for (let repeat = 0; repeat < 20; repeat++) peer.sendRaw(type, payload);
      lab.settle();
      const after = process.memoryUsage();
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50_000_000);
      const { disconnectReason } = peer.node;
      if (disconnectReason !== undefined) expect(disconnectReason).toBe('misbehaved: more than 2000 headers');
    }
  });
});

describe('random bytes', () => {
  it('of every type, in every phase, on every connection, harm nobody else', () => {
    const random = seededUint32(20_261_123);
    const lab = new PeerLab({ hooks, reconcileTxs: true, privateBroadcast: true });
    const witness = lab.connectReady({ address: '99.0.0.1:1' });
    const samples = new Map(MESSAGE_TYPES.map((type) => [type, samplesOf(type, 10)]));
    let peers: LabPeer[] = [];
    const gone = new Set<string>();
    for (let sent = 0; sent < FUZZ_MESSAGES; sent++) {
      if (peers.length < 20) peers.push(connectAny(lab, random));
      const peer = peers[random() % peers.length]!;
      const type = MESSAGE_TYPES[random() % MESSAGE_TYPES.length]!;
      peer.sendRaw(random() % 50 === 0 ? 'garbage' : type, mutate(samples.get(type)!, random));
      if (random() % 8 !== 0) continue;
      lab.clock.advance(random() % 5_000);
      lab.settle();
      for (const { node } of peers) if (node.isMarkedForDisconnect) gone.add(node.disconnectReason!);
      for (const { node, received } of peers) if (!node.isMarkedForDisconnect) received.length = 0;
      peers = peers.filter(({ isGone }) => !isGone);
      const ping = witness.got('ping').at(-1);
      if (ping !== undefined) witness.send({ type: 'pong', nonce: ping.nonce });
      witness.received.length = 0;
    }
    expect(witness.ask({ type: 'ping', nonce: 1n }).some(({ type }) => type === 'pong')).toBe(true);
    const unexpected = [...gone].filter((reason) => !CONSEQUENCES.some((pattern) => pattern.test(reason)));
    expect(unexpected).toEqual([]);
    expect(gone.size).toBeGreaterThan(5);
    expect(lab.log.filter((line) => !isUsual(line))).toEqual([]);
  }, 600_000);

  function mutate(samples: readonly Uint8Array[], random: () => number): Uint8Array {
    const sample = samples[random() % samples.length]!;
    switch (random() % 4) {
      case 0:
        return Uint8Array.from({ length: random() % 200 }, () => random() & 0xff);
      case 1:
        return sample.slice(0, random() % (sample.length + 1));
      case 2: {
        const changed = Uint8Array.from(sample);
        for (let flips = random() % 4; flips >= 0 && changed.length > 0; flips--) {
          changed[random() % changed.length] = random() & 0xff;
        }
        return changed;
      }
      default:
        return Buffer.concat([sample, sample]);
    }
  }
});

describe('ten thousand connections that end at random moments', () => {
  it('leave nothing behind, and are finished once each', () => {
    const random = seededUint32(5);
    const lab = new PeerLab({ hooks });
    const gone: number[] = [];
    lab.manager.on('peerGone', ({ nodeId }) => void gone.push(nodeId));
    const total = 10_000;
    for (let count = 0; count < total; count++) {
      connectAny(lab, random);
      if (random() % 3 === 0) lab.round();
      while (lab.peers.size > random() % 30) lab.drop([...lab.peers.values()][random() % lab.peers.size]!);
    }
    for (const peer of [...lab.peers.values()]) lab.drop(peer);
    expect(gone.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, id) => id));
    for (let id = 0; id < total; id++) expect(lab.manager.getNodeStateStats(id)).toBeUndefined();
  });
});
