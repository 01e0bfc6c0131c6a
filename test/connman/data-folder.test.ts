import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import { openDataFolder } from '../../ts/connman/data-folder.ts';
import type { DataFolder, DataFolderOptions } from '../../ts/connman/data-folder.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { silentLogger } from '../../ts/util/logger.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { Crowd } from './crowd.ts';
import { World } from './world.ts';

const { regtest } = CHAIN_PARAMS;
const BANNED = NetAddress.parse('9.9.9.9');

let world = new World();
let crowd: Crowd | undefined;
let folder = '';
beforeEach(async () => {
  world = new World();
  folder = await mkdtemp(join(tmpdir(), 'sockman-data-'));
});
afterEach(async () => {
  await crowd?.leave();
  crowd = undefined;
  await rm(folder, { recursive: true });
});

function open(seed = 3): Promise<DataFolder> {
  return openDataFolder(folder, regtest, { clock: world.net.clock, random: seededUint32(seed) });
}

/** Opens it, for what that does to the files. */
async function openAndClose(options: DataFolderOptions = {}): Promise<void> {
  (await openDataFolder(folder, regtest, options)).folderLock.release();
}

async function start(parts: DataFolder, seed = 4): Promise<Connman> {
  const { clock, createBackend: backend } = world.net;
  const random = seededUint32(seed);
  const connman = new Connman({ chain: 'regtest', backend, clock, random, listen: false, ...parts });
  const peerManager = new PeerManager({ clock, random, ...parts });
  await connman.start(peerManager);
  return connman;
}

describe('a data folder', () => {
  it('is made with an empty address book and an empty list of bans', async () => {
    const { addressBook, banMan } = await open();
    expect([addressBook.size(), banMan.getBanned().length]).toEqual([0, 0]);
    expect((await readdir(join(folder, 'regtest'))).sort()).toEqual(['.lock', 'banlist.json', 'peers.dat']);
  });

  it('has a restarted node know addresses and bans, and dial its anchors first', async () => {
    const places = Array.from({ length: 60 }, (_, index) => `${20 + (index % 20)}.7.${index}.1:18444`);
    crowd = new Crowd(world.net, places);
    const first = await open();
    const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000) - 3_600;
    for (const place of places) {
      const service = Service.parse(place);
      first.addressBook.add([{ service, services: 9n, timeSeconds }], service.address);
    }
    const before = await start(first);
    await world.pass(20_000, 500);
    const anchors = [...before.nodes()].filter(({ isBlockRelay }) => isBlockRelay).map(({ addrName }) => addrName);
    expect(anchors).toHaveLength(2);
    first.banMan.ban(BANNED);
    await before.stop();
    const known = [first.addressBook.size(), first.addressBook.size(undefined, false)];

    const second = await open(5);
    expect([second.addressBook.size(), second.addressBook.size(undefined, false)]).toEqual(known);
    expect(second.banMan.isBanned(BANNED)).toBe(true);
    const after = await start(second, 6);
    const dialed: string[] = [];
    after.on('outboundConnection', ({ addrName }) => dialed.push(addrName));
    await world.pass(3_000, 500);
    expect(dialed.slice(0, 2)).toEqual(anchors.reverse());
    await after.stop();
  });

  it('with bans of a release that nobody can read any more warns of them, and leaves them', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (line: string) => void warnings.push(line) };
    await openAndClose({ logger });
    expect(warnings).toEqual([]);
    await writeFile(join(folder, 'regtest', 'banlist.dat'), 'old');
    await openAndClose({ logger });
    expect(warnings).toEqual([expect.stringContaining('banlist.dat')]);
    expect(await readFile(join(folder, 'regtest', 'banlist.dat'), 'utf8')).toBe('old');
  });

  it('with a damaged peers.dat is refused and left as it is', async () => {
    await openAndClose();
    const path = join(folder, 'regtest', 'peers.dat');
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    await expect(open()).rejects.toMatchObject({
      code: 'ERR_SOCKMAN_FILE_CORRUPT',
      message: expect.stringContaining(path),
    });
    expect(await readFile(path)).toEqual(bytes);
  });

  it('opens with a ban time, and with an address book of the key and the checks that were asked for', async () => {
    const options = { clock: world.net.clock, defaultBanSeconds: 60, addrManKey: new Uint8Array(32).fill(7) };
    const parts = await openDataFolder(folder, regtest, options);
    parts.banMan.ban(BANNED);
    const [ban] = parts.banMan.getBanned();
    expect(ban!.untilSeconds - ban!.createdSeconds).toBe(60);
    await parts.addressBookStore.save();
    const saved = await readFile(join(folder, 'regtest', 'peers.dat'));
    expect(saved.includes(Buffer.alloc(32, 7))).toBe(true);
    parts.folderLock.release();
    const wrong = openDataFolder(folder, regtest, { checkRatio: -1 });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });
  });

  it('of another network is not mistaken for ours', async () => {
    await openAndClose();
    const testnet = { ...CHAIN_PARAMS.testnet4, dataFolder: 'regtest' };
    await expect(openDataFolder(folder, testnet)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT' });
  });

  it('that cannot be made is an error that names it', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(openDataFolder(file, regtest)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
  });
});
