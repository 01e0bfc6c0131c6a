import { describe, expect, it } from 'vitest';

import type { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { PermissionName } from '../../../ts/connman/node/permission-flags.ts';
import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import type { PeerBans } from '../../../ts/peerman/index.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';

/** A ban list in a set. */
class Bans implements PeerBans {
  readonly discouraged = new Set<string>();
  isBanned(): boolean {
    return false;
  }
  isDiscouraged(address: NetAddress): boolean {
    return this.discouraged.has(address.toString());
  }
  discourage(address: NetAddress): void {
    this.discouraged.add(address.toString());
  }
}

function misbehave(peer: LabPeer): void {
  peer.ask({ type: 'sendcmpct', announce: 2, version: 2n });
}

describe('a peer that misbehaves', () => {
  it('loses all connections of its address, and only that address is discouraged', () => {
    const banMan = new Bans();
    const lab = new PeerLab({ banMan });
    const at = (address: string, permissions: PermissionName[] = [], type: ConnectionType = 'inbound') =>
      lab.connectReady({ address, permissions, type });
    const same = [at('1.1.1.1:1'), at('1.1.1.1:2'), at('1.1.1.1:3', ['noban']), at('1.1.1.1:4', [], 'manual')];
    const other = at('1.1.1.2:1');
    misbehave(same[0]!);
    expect(same.map(({ isGone }) => isGone)).toEqual([true, true, true, true]);
    expect(other.isGone).toBe(false);
    expect([...banMan.discouraged]).toEqual(['1.1.1.1']);
    expect(same[0]!.node.disconnectReason).toBe('misbehaved: sendcmpct with announce 2');
  });

  it.each<[string, PermissionName[], ConnectionType]>([
    ['with the noban permission', ['noban'], 'inbound'],
    ['that the user dialed', [], 'manual'],
  ])('%s stays, and its message is dropped', (_what, permissions, type) => {
    const banMan = new Bans();
    const lab = new PeerLab({ banMan });
    const peer = lab.connectReady({ permissions, type });
    misbehave(peer);
    expect(peer.isGone).toBe(false);
    expect(peer.node.isBip152HighBandwidthFrom).toBe(false);
    expect(banMan.discouraged.size).toBe(0);
    expect(lab.log.some((line) => line.includes('stays although it misbehaved'))).toBe(true);
    expect(peer.ask({ type: 'ping', nonce: 3n })).toMatchObject([{ type: 'pong' }]);
  });

  it.each(['127.0.0.1:1', '127.9.9.9:1', '0.1.2.3:1', '[::1]:1'])('at %s goes undiscouraged and alone', (address) => {
    const banMan = new Bans();
    const lab = new PeerLab({ banMan });
    const peer = lab.connectReady({ address });
    const neighbour = lab.connectReady({ address });
    misbehave(peer);
    expect(peer.isGone).toBe(true);
    expect(neighbour.isGone).toBe(false);
    expect(banMan.discouraged.size).toBe(0);
  });

  it('is punished also before its verack, and for what the embedder reports', () => {
    const lab = new PeerLab();
    const early = lab.connect().sendVersion();
    early.send({ type: 'sendcmpct', announce: 2, version: 2n });
    const reported = lab.connectReady();
    lab.manager.misbehaving(reported.node.id, 'bad block');
    lab.manager.misbehaving(12_345, 'nobody');
    lab.settle();
    expect(early.isGone).toBe(true);
    expect(reported.node.disconnectReason).toBe('misbehaved: bad block');
  });

  it('is discouraged even if it was about to be disconnected anyway', () => {
    const banMan = new Bans();
    const lab = new PeerLab({ banMan });
    const peer = lab.connectReady({ address: '1.1.1.1:1' });
    lab.manager.misbehaving(peer.node.id, 'bad block');
    peer.node.disconnect('for another reason');
    lab.manager.sendMessages(peer.node);
    expect([...banMan.discouraged]).toEqual(['1.1.1.1']);
  });

  it('is reported by an event', () => {
    const lab = new PeerLab();
    const told: string[] = [];
    lab.manager.on('misbehaving', ({ nodeId, reason }) => void told.push(`${nodeId}: ${reason}`));
    const peer = lab.connectReady();
    misbehave(peer);
    expect(told).toEqual(['0: sendcmpct with announce 2']);
  });

  it('is reported once, before its punishment, for its first offence', () => {
    const lab = new PeerLab();
    const told: string[] = [];
    lab.manager.on('misbehaving', ({ reason }) => void told.push(reason));
    const peer = lab.connectReady();
    for (const reason of ['first', 'second']) lab.manager.misbehaving(peer.node.id, reason);
    lab.settle();
    expect(told).toEqual(['first']);
    expect(peer.node.disconnectReason).toBe('misbehaved: first');
  });

  it('is warned of once for each time, where the user vouched for it', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ type: 'manual' });
    const warnings = (): string[] => lab.log.filter((line) => line.includes('stays although it misbehaved'));
    misbehave(peer);
    lab.pass(1_000);
    expect(warnings()).toHaveLength(1);
    misbehave(peer);
    expect(warnings()).toHaveLength(2);
    expect(peer.isGone).toBe(false);
  });
});
