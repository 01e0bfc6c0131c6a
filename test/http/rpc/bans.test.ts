// Bans by RPC. Cases of Bitcoin Core's rpc_setban and p2p_disconnect_ban.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BanMan } from '../../../ts/storage/ban-man.ts';
import { DataFile } from '../../../ts/storage/data-file.ts';
import { createSecureRandom } from '../../../ts/util/random.ts';
import { eventually } from '../../harness/labs/regtest-node.ts';
import { NodeStage } from './node-stage.ts';

interface Ban {
  readonly address: string;
  readonly ban_created: number;
  readonly banned_until: number;
  readonly ban_duration: number;
  readonly time_remaining: number;
}

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

let node: NodeStage;
beforeEach(async () => {
  node = await NodeStage.start();
});
afterEach(() => node[Symbol.asyncDispose]());

const bans = (): Promise<Ban[]> => node.call('listbanned');
const banned = async (): Promise<string[]> => (await bans()).map(({ address }) => address);

describe('setban', () => {
  it('disconnects a banned peer, and keeps it out', async () => {
    await using peer = await NodeStage.start();
    await peer.meet(node);
    expect(await node.call('setban', '127.0.0.0/24', 'add')).toBeNull();
    await eventually(() => node.call('getconnectioncount')).toBe(0);
    await peer.call('addnode', node.address, 'onetry');
    await eventually(() => peer.call('getconnectioncount')).toBe(0);
    await node.call('setban', '127.0.0.0/24', 'remove');
    await peer.meet(node);
  });

  it('keeps out no peer with the permission noban', async () => {
    await using kind = await NodeStage.start({ connman: { whitelist: ['noban@127.0.0.1'] } });
    await kind.call('setban', '127.0.0.1', 'add');
    await node.meet(kind);
  });

  it.each([
    ['127.0.0.1', 'add', '-23: Error: IP/Subnet already banned'],
    ['127.0.0.0/24', 'add', '-23: Error: IP/Subnet already banned'],
    ['127.0.0.0/255.255.255.0', 'add', '-23: Error: IP/Subnet already banned'],
    ['127.0.0.1/42', 'add', '-30: Error: Invalid IP/Subnet'],
    ['localhost', 'add', '-30: Error: Invalid IP/Subnet'],
    ['', 'add', '-30: Error: Invalid IP/Subnet'],
    ['0.0.0.0', 'add', '-30: Error: Invalid IP/Subnet'],
    [`${ONION}/8`, 'add', '-30: Error: Invalid IP/Subnet'],
    ['127.0.0.1', 'remove', '-30: Error: Unban failed. Requested address/subnet was not previously manually banned.'],
  ])('of %s to %s fails with %s', async (subnet, command, message) => {
    await node.call('setban', '127.0.0.0/24', 'add');
    await expect(node.call('setban', subnet, command)).rejects.toThrow(new Error(message));
  });

  it('takes a part of a subnet that is banned', async () => {
    await node.call('setban', '127.0.0.0/24', 'add');
    await node.call('setban', '127.0.0.0/32', 'add');
    expect(await banned()).toEqual(['127.0.0.0/24', '127.0.0.0/32']);
  });

  it('answers another command with its help', async () => {
    await expect(node.call('setban', '127.0.0.1', 'forget')).rejects.toThrow(
      /^-1: setban "subnet" "command" \( bantime absolute \)\n/,
    );
  });

  it('lists bans by network, address and mask', async () => {
    for (const subnet of [
      ONION,
      '2001:4d48:ac57:400:cacf:e9ff:fe1d:9c63/19',
      '192.168.0.1',
      '127.0.0.0/32',
      '127.0.0.0/24',
    ]) {
      await node.call('setban', subnet, 'add');
    }
    expect(await banned()).toEqual(['127.0.0.0/24', '127.0.0.0/32', '192.168.0.1/32', '2001:4000::/19', ONION]);
    await node.call('setban', ONION, 'remove');
    expect(await banned()).toHaveLength(4);
    expect(await node.call('clearbanned')).toBeNull();
    expect(await bans()).toEqual([]);
  });

  it('counts by the clock of the node', async () => {
    await node.call('setmocktime', 1_700_000_000);
    await node.call('setban', '1.1.1.1', 'add', 1);
    await node.call('setban', '2.2.2.2', 'add', 1_700_000_100, true);
    await node.call('setban', '3.3.3.3', 'add', 1_000);
    await node.call('setban', '4.4.4.4', 'add', -5);
    await node.call('setmocktime', 1_700_000_002);
    expect(await bans()).toEqual([
      {
        address: '2.2.2.2/32',
        ban_created: 1_700_000_000,
        banned_until: 1_700_000_100,
        ban_duration: 100,
        time_remaining: 98,
      },
      {
        address: '3.3.3.3/32',
        ban_created: 1_700_000_000,
        banned_until: 1_700_001_000,
        ban_duration: 1_000,
        time_remaining: 998,
      },
      {
        address: '4.4.4.4/32',
        ban_created: 1_700_000_000,
        banned_until: 1_700_086_400,
        ban_duration: 86_400,
        time_remaining: 86_398,
      },
    ]);
  });

  it('takes no time that is over', async () => {
    await node.call('setmocktime', 1_700_000_000);
    const add = (until: number) => node.call('setban', '1.1.1.1', 'add', until, true);
    await expect(add(1_699_999_999)).rejects.toThrow('-8: Error: Absolute timestamp is in the past');
    await expect(add(0)).rejects.toThrow('-8: Error: Absolute timestamp is in the past');
    expect(await add(1_700_000_000)).toBeNull();
    expect(await bans()).toEqual([]);
  });

  it('has the default that the user set', async () => {
    await using strict = await NodeStage.start({ bans: { defaultBanSeconds: 1_234 } });
    await strict.call('setban', '1.1.1.1', 'add');
    const [ban] = await strict.call<Ban[]>('listbanned');
    expect(ban!.ban_duration).toBe(1_234);
  });

  it('knows CJDNS where it is', async () => {
    await using there = await NodeStage.start({
      bans: { cjdnsReachable: true },
      connman: { cjdnsReachable: true },
      node: { cjdnsReachable: true },
    });
    await there.call('setban', 'fc00:1:2:3::4', 'add');
    expect((await there.call<Ban[]>('listbanned'))[0]!.address).toBe('fc00:1:2:3::4');
    await expect(there.call('setban', 'fc00::/16', 'add')).rejects.toThrow('-30: Error: Invalid IP/Subnet');
  });

  it('is on the disk when it is answered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-bans-'));
    const path = join(folder, 'banlist.json');
    const file = new DataFile(path, { random: createSecureRandom() });
    try {
      await using keeping = await NodeStage.start({ bans: { file } });
      await keeping.call('setban', '127.0.0.0/24', 'add');
      expect(readFileSync(path, 'utf8')).toContain('127.0.0.0/24');
      expect((await BanMan.load({ file })).getBanned().map(({ subnet }) => String(subnet))).toEqual(['127.0.0.0/24']);
      rmSync(path);
      await keeping.call('clearbanned');
      expect(readFileSync(path, 'utf8')).not.toContain('127.0.0.0');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
