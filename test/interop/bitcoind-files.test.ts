// What Bitcoin Core and we keep on disk: a folder of either is taken over by the other, addresses, anchors and bans.
//
// Needs BITCOIND to name a bitcoind.

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddrMan } from '../../ts/addrman/addr-man.ts';
import { parseAnchors } from '../../ts/storage/anchors-file.ts';
import { openDataFolder } from '../../ts/connman/data-folder.ts';
import type { DataFolder } from '../../ts/connman/data-folder.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { Bitcoind, CoreFolder, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { FULL_NODE, RegtestNode, eventually } from '../harness/labs/regtest-node.ts';

/** Slots of a table by "bucket/position", as `getrawaddrman` has them. */
type CoreTable = Record<string, Record<string, string | number>>;

interface CoreBan {
  address: string;
  ban_created: number;
  banned_until: number;
}

/** One of each network, and a port that is not the usual one. */
const PLACES: readonly [host: string, port: number][] = [
  ['9.9.9.9', 8_333],
  ['2a00:1450:4001::1', 8_334],
  ['pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion', 8_333],
  ['ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p', 0],
  ['fc00:1:2:3:4:5:6:7', 8_333],
];
const BANNED = ['203.0.113.7/32', '198.51.0.0/16', '2001:db8:1::/48', '::1/128'];

/** Without it fc00::/8 is no network to Core, and its addresses are not kept. */
const REACHES_CJDNS = '-cjdnsreachable';

const running: RegtestNode[] = [];
let folder: CoreFolder;
beforeEach(() => {
  folder = new CoreFolder();
});
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
  folder.remove();
});

const openFolder = (): Promise<DataFolder> =>
  openDataFolder(folder.path, CHAIN_PARAMS.regtest, { cjdnsReachable: true });

/** Leaves it to Core: until then it is ours. */
const leave = ({ folderLock }: DataFolder): void => folderLock.release();

/** A table of ours, as Core shows its own. */
function table(addressBook: AddrMan, isTried: boolean): CoreTable {
  const slots = addressBook.getEntries(isTried).map(({ entry, position }) => [
    `${position.bucket}/${position.position}`,
    {
      address: String(entry.service.address),
      port: entry.service.port,
      services: Number(entry.services),
      time: entry.timeSeconds,
      network: entry.service.address.getNetClass(),
      source: String(entry.source),
      source_network: entry.source.getNetClass(),
    },
  ]);
  return Object.fromEntries(slots) as CoreTable;
}

async function expectSameBook(addressBook: AddrMan, core: Bitcoind): Promise<void> {
  const theirs = await core.rpc<{ new: CoreTable; tried: CoreTable }>('getrawaddrman');
  expect({ new: table(addressBook, false), tried: table(addressBook, true) }).toEqual(theirs);
}

describe.skipIf(bitcoindPath() === undefined)('files of Bitcoin Core', { timeout: 60_000 }, () => {
  it('written by Core: we know every address in its place, and every ban', async () => {
    const core = await Bitcoind.start([DIALS_NOBODY, REACHES_CJDNS], folder);
    for (const [host, port] of PLACES) {
      expect(await core.rpc('addpeeraddress', host, port)).toEqual({ success: true });
    }
    for (let count = 0; count < 40; count++)
      await core.rpc('addpeeraddress', `30.${count}.0.1`, 8_333, count % 2 === 0);
    for (const subnet of BANNED) await core.rpc('setban', subnet, 'add');
    const book = await core.rpc<{ new: CoreTable; tried: CoreTable }>('getrawaddrman');
    const bans = await core.rpc<CoreBan[]>('listbanned');
    await core.stop();

    const opened = await openFolder();
    const { addressBook, banMan } = opened;
    leave(opened);
    expect(Object.keys(book.tried).length).toBeGreaterThan(10);
    expect({ new: table(addressBook, false), tried: table(addressBook, true) }).toEqual(book);
    const ours = banMan.getBanned().map(({ subnet, createdSeconds, untilSeconds }) => ({
      address: String(subnet),
      ban_created: createdSeconds,
      banned_until: untilSeconds,
    }));
    expect(ours).toHaveLength(BANNED.length);
    expect(ours).toEqual(
      bans.map(({ address, ban_created, banned_until }) => ({ address, ban_created, banned_until })),
    );
  });

  it('written by us: Core knows every address in its place, and every ban', async () => {
    const opened = await openFolder();
    const { addressBook, addressBookStore, banMan } = opened;
    const now = Math.floor(Date.now() / 1_000);
    const known = PLACES.map(([host, port]) => new Service(NetAddress.parse(host).toCJDNSIfInRange(), port));
    for (let count = 0; count < 40; count++) known.push(Service.parse(`30.${count}.0.1:8333`));
    known.forEach((service, at) => {
      const source = NetAddress.parse(`40.${at % 7}.0.1`);
      addressBook.add([{ service, services: FULL_NODE, timeSeconds: now - 60 * at }], source, 7_200);
      if (at % 3 === 0) addressBook.good(service);
    });
    for (const subnet of BANNED) banMan.ban(Subnet.parse(subnet), { seconds: 1_000 });
    await addressBookStore.save();
    await banMan.save();
    leave(opened);

    const core = await Bitcoind.start([DIALS_NOBODY, REACHES_CJDNS], folder);
    try {
      await expectSameBook(addressBook, core);
      const bans = await core.rpc<CoreBan[]>('listbanned');
      expect(bans.map(({ address }) => address).sort()).toEqual([...BANNED].sort());
      for (const { banned_until } of bans) expect(Math.abs(banned_until - now - 1_000)).toBeLessThan(60);
    } finally {
      await core.stop();
    }
  });

  it('go back and forth: Core adds to our book, and we to that', async () => {
    const first = await openFolder();
    first.addressBook.add([toRecord('50.1.0.1:8333')], NetAddress.parse('50.1.0.1'));
    await first.addressBookStore.save();
    leave(first);
    const core = await Bitcoind.start([DIALS_NOBODY], folder);
    await core.rpc('addpeeraddress', '50.2.0.1', 8_333);
    await core.stop();
    const second = await openFolder();
    second.addressBook.add([toRecord('50.3.0.1:8333')], NetAddress.parse('50.3.0.1'));
    await second.addressBookStore.save();
    leave(second);
    const again = await Bitcoind.start([DIALS_NOBODY], folder);
    try {
      await expectSameBook(second.addressBook, again);
      expect(second.addressBook.size()).toBe(3);
    } finally {
      await again.stop();
    }
  });

  it('are not touched while Core uses them, nor by Core while we do', async () => {
    const core = await Bitcoind.start([DIALS_NOBODY], folder);
    await expect(openFolder()).rejects.toMatchObject({
      code: 'ERR_SOCKMAN_FILE_LOCKED',
      reason: expect.stringMatching(/^in use by process \d+ \(bitcoind\)$/) as string,
    });
    await core.stop();
    const opened = await openFolder();
    await expect(Bitcoind.start([DIALS_NOBODY], folder)).rejects.toThrow(/Cannot obtain a lock/);
    leave(opened);
    await (await Bitcoind.start([DIALS_NOBODY], folder)).stop();
  });

  it('name block-relay-only peers: Core’s file names us, and by ours Core dials us first', async () => {
    const ours = await RegtestNode.startListening();
    running.push(ours);
    const us = ours.address;

    // It dials from its empty address book, so nobody: only then does it keep anchors.
    const core = await Bitcoind.start([], folder);
    await core.rpc('addconnection', us, 'block-relay-only', true);
    await eventually(async () => (await core.peers()).map(({ version }) => version > 0)).toEqual([true]);
    await core.stop();
    const written = parseAnchors(readFileSync(folder.file('anchors.dat')), CHAIN_PARAMS.regtest.magic);
    expect(written?.map(({ service }) => String(service))).toEqual([us]);

    const opened = await openFolder();
    await opened.anchorStore.save([{ ...toRecord(us), services: ours.connman.localServices }]);
    leave(opened);
    const again = await Bitcoind.start([], folder);
    try {
      const dialed = { connection_type: 'block-relay-only', transport_protocol_type: 'v2', inbound: false };
      await eventually(() => again.peers()).toMatchObject([dialed]);
      expect(again.log).toMatch(/1 block-relay-only anchors will be tried/);
    } finally {
      await again.stop();
    }
  });
});

const toRecord = (place: string) => ({
  service: Service.parse(place),
  services: FULL_NODE,
  timeSeconds: Math.floor(Date.now() / 1_000),
});
