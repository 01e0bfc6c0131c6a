import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddrMan } from '../../../ts/addrman/addr-man.ts';
import type { FileSystem } from '../../../ts/storage/data-file.ts';
import { PeersFile } from '../../../ts/addrman/file/peers-file.ts';
import { serializePeers } from '../../../ts/addrman/file/peers-writer.ts';
import { peersFileBytes, peersFileVector } from '../../harness/data/peers-vectors.ts';
import { REGTEST_MAGIC, START, address, peer, testAddrMan } from '../support.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-peers-'));
  path = join(folder, 'peers.dat');
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(files: Partial<FileSystem> = {}): PeersFile {
  return new PeersFile(path, REGTEST_MAGIC, { files: { ...fsPromises, ...files } });
}

/** An address manager with one entry, told from others by its port. */
function book(port: number): AddrMan {
  const { addrMan } = testAddrMan();
  addrMan.add([peer('1.2.3.4', START, port)], address('5.6.7.8'));
  return addrMan;
}

describe('loading', () => {
  it('starts empty where there is no file, with a file on disk at once, for the owner only', async () => {
    const { addrMan, found } = await open().load();
    expect([found, addrMan.size()]).toEqual(['nothing', 0]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path)).toEqual(Buffer.from(serializePeers(addrMan, REGTEST_MAGIC)));
    const again = await open().load();
    expect([again.found, again.addrMan.tables.key]).toEqual(['peers', addrMan.tables.key]);
  });

  it('gives every empty start a key of its own', async () => {
    const first = await open().load();
    rmSync(path);
    const second = await open().load();
    expect(first.addrMan.tables.key).not.toEqual(second.addrMan.tables.key);
  });

  it('moves a file of a newer release aside, over an older one, and starts empty', async () => {
    writeFileSync(`${path}.bak`, 'older');
    const newer = peersFileBytes(peersFileVector('v5-needs-5'));
    writeFileSync(path, newer);
    const { found, addrMan } = await open().load();
    expect([found, addrMan.size()]).toEqual(['newerFormat', 0]);
    expect(readFileSync(`${path}.bak`)).toEqual(Buffer.from(newer));
    expect((await open().load()).found).toBe('peers');
  });

  it('stops where the file of a newer release cannot be moved aside, and leaves it', async () => {
    mkdirSync(`${path}.bak`);
    const newer = peersFileBytes(peersFileVector('v5-needs-5'));
    writeFileSync(path, newer);
    await expect(open().load()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path });
    expect(readFileSync(path)).toEqual(Buffer.from(newer));
  });

  it.each(['zero-length', 'v4-bad-checksum', 'core-signet-magic', 'core-key-zero', 'v4-duplicate-new'])(
    'refuses the damaged file %s by name and reason, and leaves it byte for byte',
    async (name) => {
      const bytes = peersFileBytes(peersFileVector(name));
      writeFileSync(path, bytes);
      const error = await open()
        .load()
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT', path });
      expect((error as { reason: string }).reason).not.toBe('');
      expect(readFileSync(path)).toEqual(Buffer.from(bytes));
      expect(readdirSync(folder)).toEqual(['peers.dat']);
    },
  );

  it('stops at a file that cannot be read, instead of taking it for missing', async () => {
    mkdirSync(path);
    await expect(open().load()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path });
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it('stops at a file it has no permission for, and leaves it', async (context) => {
    writeFileSync(path, peersFileBytes(peersFileVector('v4-mixed')));
    chmodSync(path, 0);
    if (process.getuid?.() === 0) context.skip('root may read everything');
    await expect(open().load()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path });
    chmodSync(path, 0o600);
    expect(readFileSync(path)).toEqual(Buffer.from(peersFileBytes(peersFileVector('v4-mixed'))));
  });

  it('refuses a file of more than 128 MiB without reading it', async () => {
    writeFileSync(path, '');
    truncateSync(path, 128 * 1024 * 1024 + 1);
    await expect(open().load()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT', path });
    expect(process.memoryUsage.rss()).toBeLessThan(1024 ** 3);
  });

  it('removes what killed saves left behind, and nothing else', async () => {
    const kept = ['peers.0123.txt', 'peers.xyz1', 'peers.01234', 'peers.ABCD', 'other.0123', 'peers.dat.bak'];
    for (const name of [...kept, 'peers.0123', 'peers.beef']) writeFileSync(join(folder, name), 'x');
    await open().load();
    expect(readdirSync(folder).sort()).toEqual([...kept, 'peers.dat'].sort());
  });
});

describe('saving', () => {
  it('restores every field and every place', async () => {
    writeFileSync(path, peersFileBytes(peersFileVector('v4-mixed')));
    const { addrMan } = await open().load();
    await open().save(addrMan);
    const { addrMan: again } = await open().load();
    for (const isTried of [false, true]) expect(again.getEntries(isTried)).toEqual(addrMan.getEntries(isTried));
  });

  it.each<[string, Partial<FileSystem>]>([
    ['no temporary file can be opened', { open: failing('open', 'EACCES') }],
    ['the disk is full', { open: openWith({ writeFile: failing('write', 'ENOSPC') }) }],
    ['the disk does not take the bytes', { open: openWith({ datasync: failing('fdatasync', 'EIO') }) }],
    ['closing fails', { open: openWith({ close: failing('close', 'EIO') }) }],
    ['renaming fails', { rename: failing('rename', 'EPERM') }],
  ])('leaves the old file and nothing else when %s', async (_, files) => {
    await open().save(book(1));
    const before = readFileSync(path);
    await expect(open(files).save(book(2))).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['peers.dat']);
  });

  it('goes on where a file system has nothing to sync', async () => {
    await open({ open: openWith({ datasync: failing('fdatasync', 'EINVAL') }) }).save(book(1));
    expect((await open().load()).addrMan.size()).toBe(1);
  });

  it('fails with a reason where the name is taken by a folder, and leaves nothing', async () => {
    mkdirSync(path);
    await expect(open().save(book(1))).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
    expect(readdirSync(folder)).toEqual(['peers.dat']);
  });

  it('works again after a failure', async () => {
    const file = open();
    mkdirSync(path);
    await expect(file.save(book(1))).rejects.toBeDefined();
    rmSync(path, { recursive: true });
    await file.save(book(2));
    expect(existsSync(path)).toBe(true);
  });

  it('never runs two saves at once; those asked for meanwhile are one, of the state then', async () => {
    let running = 0;
    let saves = 0;
    const file = open({
      open: async (...args) => {
        if (String(args[1]) === 'w') {
          expect(++running).toBe(1);
          saves++;
        }
        return fsPromises.open(...args);
      },
      rename: async (...args) => {
        await fsPromises.rename(...args);
        running--;
      },
    });
    const first = file.save(book(1));
    await Promise.resolve();
    const others = [2, 3, 4].map((port) => file.save(book(port)));
    await Promise.all([first, ...others]);
    expect(saves).toBe(2);
    const [entry] = (await open().load()).addrMan.getEntries(false);
    expect(entry!.entry.service.port).toBe(4);
  });
});

function failing(syscall: string, code: keyof typeof constants.errno): () => Promise<never> {
  const error = Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, errno: -constants.errno[code] });
  return () => Promise.reject(error);
}

/** Opens real files, but has some calls on those that are written replaced. */
function openWith(replaced: Record<string, () => Promise<never>>): FileSystem['open'] {
  return async (...args) => {
    const handle = await fsPromises.open(...args);
    if (String(args[1]) !== 'w') return handle;
    const close = handle.close.bind(handle);
    Object.assign(handle, replaced);
    // A descriptor that fails to close is closed all the same.
    if (replaced['close'] !== undefined) handle.close = () => close().then(replaced['close']);
    return handle;
  };
}
