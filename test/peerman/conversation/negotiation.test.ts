import { describe, expect, it } from 'vitest';

import type { MessageType } from '../../../ts/p2p/messages/message-types.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import { fromHex } from '../../harness/data/vectors.ts';

/** A feature message with an id and data of these lengths. */
function feature(idBytes: number, dataBytes: number, tail = ''): Uint8Array {
  const length = (count: number): Buffer =>
    count < 253 ? Buffer.from([count]) : Buffer.from([253, count & 0xff, count >> 8]);
  const id = Buffer.alloc(idBytes, 'i');
  return Buffer.concat([length(idBytes), id, length(dataBytes), Buffer.alloc(dataBytes, 1), Buffer.from(tail, 'hex')]);
}

/** A peer that sent its version and not yet its verack. */
function negotiating(lab: PeerLab, protocolVersion = 70_017): LabPeer {
  const peer = lab.connect().sendVersion({ protocolVersion });
  lab.settle();
  return peer;
}

describe('what must come before verack', () => {
  it.each<[MessageType, Uint8Array]>([
    ['wtxidrelay', new Uint8Array(0)],
    ['sendaddrv2', new Uint8Array(0)],
    ['feature', feature(4, 0)],
    ['feature', fromHex('ff')],
  ])('%s ends the connection afterwards, without discouraging', (type, payload) => {
    const discouraged: string[] = [];
    const isClean = (): boolean => false;
    const discourage = (address: { toString(): string }): void => void discouraged.push(address.toString());
    const lab = new PeerLab({ banMan: { isBanned: isClean, isDiscouraged: isClean, discourage } });
    const peer = lab.connectReady().sendRaw(type, payload);
    lab.settle();
    expect(peer.node.disconnectReason).toBe(`${type} received after verack`);
    expect(discouraged).toEqual([]);
  });

  it('is ignored before version', () => {
    const lab = new PeerLab();
    const peer = lab.connect();
    peer.sendRaw('wtxidrelay').sendRaw('sendaddrv2').sendRaw('feature', feature(3, 0)).sendRaw('sendtxrcncl');
    peer.sendVersion().send({ type: 'verack' });
    lab.settle();
    expect(peer.isGone).toBe(false);
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'ping']);
  });

  it('may be repeated', () => {
    const lab = new PeerLab();
    const peer = negotiating(lab);
    for (let count = 0; count < 3; count++) peer.sendRaw('wtxidrelay').sendRaw('sendaddrv2');
    peer.sendRaw('verack');
    lab.settle();
    expect(peer.node.isSuccessfullyConnected).toBe(true);
  });
});

describe('feature', () => {
  it.each<[string, Uint8Array]>([
    ['an id of 3 bytes', feature(3, 0)],
    ['an id of 81 bytes', feature(81, 0)],
    ['513 bytes of data', feature(4, 513)],
    ['a byte behind it', feature(4, 4, '00')],
    ['an id cut short', feature(8, 0).subarray(0, 5)],
    ['data cut short', feature(4, 8).subarray(0, 9)],
    ['no data at all', feature(4, 0).subarray(0, 5)],
    ['nothing in it', new Uint8Array(0)],
  ])('with %s ends the connection', (_what, payload) => {
    const lab = new PeerLab();
    const peer = negotiating(lab).sendRaw('feature', payload);
    lab.settle();
    expect(peer.node.disconnectReason).toBe('malformed feature');
  });

  it.each<[string, Uint8Array]>([
    ['an id of 4 bytes', feature(4, 0)],
    ['an id of 80 bytes', feature(80, 0)],
    ['512 bytes of data', feature(4, 512)],
    ['an id that is no text', fromHex('0400ff017f00')],
  ])('with %s is ignored', (_what, payload) => {
    const lab = new PeerLab();
    const peer = negotiating(lab);
    for (let count = 0; count < 16; count++) peer.sendRaw('feature', payload);
    peer.sendRaw('verack');
    lab.settle();
    expect(peer.node.isSuccessfullyConnected).toBe(true);
    expect(peer.isGone).toBe(false);
  });

  it('from a peer of version 70016 ends the connection', () => {
    const lab = new PeerLab();
    const peer = negotiating(lab, 70_016).sendRaw('feature', feature(4, 0));
    lab.settle();
    expect(peer.isGone).toBe(true);
  });
});

describe('wtxidrelay and sendaddrv2', () => {
  it('wtxidrelay from a peer of version 70015 changes nothing, sendaddrv2 does', () => {
    const items: string[] = [];
    const hooks = { onTx() {}, onInv: (_node: unknown, got: readonly unknown[]) => void items.push(`${got.length}`) };
    const lab = new PeerLab({ hooks });
    const peer = negotiating(lab, 70_015).sendRaw('wtxidrelay').sendRaw('sendaddrv2').sendRaw('verack');
    peer.send({ type: 'inv', items: [{ type: 5, hash: new Uint8Array(32) }] });
    peer.send({ type: 'inv', items: [{ type: 1, hash: new Uint8Array(32) }] });
    lab.settle();
    expect(items).toEqual(['1']);
  });
});

describe('sendcmpct', () => {
  it.each([
    [0, 2n, false, false],
    [1, 2n, true, false],
    [1, 1n, false, false],
    [1, 3n, false, false],
    [2, 2n, false, true],
    [255, 9n, false, true],
  ])('with announce %i and version %i: high bandwidth %s, gone %s', (announce, version, isHigh, isGone) => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.ask({ type: 'sendcmpct', announce, version });
    expect(peer.node.isBip152HighBandwidthFrom).toBe(isHigh);
    expect(peer.isGone).toBe(isGone);
  });
});

describe('feefilter', () => {
  it.each([
    [0n, 0],
    [1n, 1],
    [2_100_000_000_000_000n, 2_100_000_000_000_000],
    [2_100_000_000_000_001n, 7],
    [-1n, 7],
  ])('of %i leaves a filter of %i', (feeRateSatPerKvB, expected) => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.ask({ type: 'feefilter', feeRateSatPerKvB: 7n }, { type: 'feefilter', feeRateSatPerKvB });
    expect(peer.stats.minFeeFilterSatPerKvB).toBe(expected);
    expect(peer.isGone).toBe(false);
  });
});

describe('sendtxrcncl', () => {
  const offer = { type: 'sendtxrcncl', version: 1, salt: 5n } as const;
  const wanting = { reconcileTxs: true, ignoreIncomingTxs: false };

  it('is neither sent nor looked at unless asked for', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: false });
    const peer = lab.connectReady();
    expect(peer.types).not.toContain('sendtxrcncl');
    peer.ask(offer, offer);
    expect(peer.isGone).toBe(false);
  });

  it('is sent between sendaddrv2 and verack', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connect().sendVersion();
    lab.settle();
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'sendtxrcncl', 'verack']);
    expect(peer.got('sendtxrcncl')[0]).toMatchObject({ version: 1 });
  });

  it.each([
    ['a peer of version 70015', { protocolVersion: 70_015 }, 'inbound'],
    ['a peer that wants no transactions', { relay: false }, 'inbound'],
    ['an addr-fetch connection', {}, 'addr-fetch'],
    ['a block-relay-only connection', {}, 'block-relay-only'],
  ] as const)('is not sent to %s', (_what, version, type) => {
    const lab = new PeerLab(wanting);
    const peer = lab.connect({ type }).sendVersion(version);
    lab.settle();
    expect(peer.types).not.toContain('sendtxrcncl');
  });

  it.each([
    ['once', [offer], {}, 'inbound', false],
    ['of a later version', [{ ...offer, version: 9 }], {}, 'inbound', false],
    ['to a peer of version 70015', [offer], { protocolVersion: 70_015 }, 'inbound', false],
    ['twice, by a peer of version 70015', [offer, offer], { protocolVersion: 70_015 }, 'inbound', false],
    ['twice', [offer, offer], {}, 'inbound', true],
    ['of version 0', [{ ...offer, version: 0 }], {}, 'inbound', true],
    ['from a peer that wants no transactions', [offer], { relay: false }, 'inbound', true],
    ['on a block-relay-only connection', [offer], {}, 'block-relay-only', true],
  ] as const)('received %s', (_what, messages, version, type, isGone) => {
    const lab = new PeerLab(wanting);
    const peer = lab
      .connect({ type })
      .sendVersion(version)
      .send(...messages);
    lab.settle();
    expect(peer.isGone).toBe(isGone);
  });

  it('after verack ends the connection', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connectReady();
    peer.ask(offer);
    expect(peer.isGone).toBe(true);
  });
});
