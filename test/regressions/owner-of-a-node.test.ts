// Everything the owner of a node does, with nothing but the package's entries: a subnet could not be banned for want of `Subnet`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { BanMan, Connman, PeerManager, openDataFolder } from '../../ts/connman.ts';
import { NetAddress, Service, Subnet, createSecureRandom, silentLogger, systemClock } from '../../ts/index.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/index.ts';

it('the owner of a node opens, bans, connects, disconnects and closes with what the entries export', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sockman-owner-'));
  const remembered = await openDataFolder(folder, CHAIN_PARAMS.regtest, { clock: systemClock, logger: silentLogger });
  const random = createSecureRandom();
  const connman = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true, random, ...remembered });
  await connman.start(new PeerManager(remembered));
  const { banMan } = remembered;
  expect(banMan.ban(Subnet.parse('203.0.113.0/24'), { seconds: 60 })).toBe(true);
  expect(banMan.isBanned(NetAddress.parse('203.0.113.9'))).toBe(true);
  expect(banMan.unban('203.0.113.0/24')).toBe(true);
  const at = String(connman.listeningAt[0]!);
  expect(Service.parse(at).port).toBeGreaterThan(0);
  expect(await connman.connectTo(at)).toBe(true);
  expect(connman.disconnectNode(Subnet.parse('127.0.0.0/8'))).toBe(true);
  await connman.stop();
  expect(new BanMan({ clock: systemClock, random }).getBanned()).toEqual([]);
  rmSync(folder, { recursive: true });
});
