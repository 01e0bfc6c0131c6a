// What somebody put into a data folder is not lost: a list of bans with a comma too much, links to files elsewhere.

import { lstat, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PeersFile } from '../../ts/addrman/file/peers-file.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { AnchorsFile } from '../../ts/storage/anchors-file.ts';
import { MAX_BAN_LIST_BYTES, parseBanList } from '../../ts/storage/ban-list.ts';
import { BanMan } from '../../ts/storage/ban-man.ts';
import { DataFile } from '../../ts/storage/data-file.ts';
import { silentLogger } from '../../ts/util/logger.ts';

const { magic } = CHAIN_PARAMS.regtest;

let folder = '';
let warnings: string[] = [];
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'sockman-kept-')));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

function loadBans(path = at('banlist.json')): Promise<BanMan> {
  return BanMan.load({
    file: new DataFile(path),
    logger: { ...silentLogger, warn: (line) => void warnings.push(line) },
  });
}

describe('a ban list that cannot be used', () => {
  it('is kept aside, and the warning says where', async () => {
    const edited = '{ "banned_nets": [ { "version": 1, "address": "1.2.3.4" }, ] }';
    await writeFile(at('banlist.json'), edited);
    expect((await loadBans()).getBanned()).toEqual([]);
    expect(await readFile(at('banlist.json.damaged'), 'utf8')).toBe(edited);
    expect(warnings).toEqual([expect.stringContaining(at('banlist.json.damaged'))]);
    expect(JSON.parse(await readFile(at('banlist.json'), 'utf8'))).toMatchObject({ banned_nets: [] });
    await loadBans();
    expect(warnings).toHaveLength(1);
  });

  it('stays if it cannot be kept aside, and later bans do not replace it', async () => {
    const edited = '{ "banned_nets": [ { "version": 1, "address": "1.2.3.4" }, ] }';
    await writeFile(at('banlist.json'), edited);
    await mkdir(at('banlist.json.damaged'));
    const banMan = await loadBans();
    banMan.ban('5.6.7.8');
    await banMan.save();
    expect(banMan.isBanned('5.6.7.8')).toBe(true);
    expect(await readFile(at('banlist.json'), 'utf8')).toBe(edited);
    expect(warnings).toEqual([expect.stringMatching(/none will be saved: .*banlist\.json\.damaged/)]);
  });

  it('is kept also if it is too large, or no file at all', async () => {
    await writeFile(at('banlist.json'), Buffer.alloc(MAX_BAN_LIST_BYTES + 1, ' '));
    await loadBans();
    expect((await lstat(at('banlist.json.damaged'))).size).toBe(MAX_BAN_LIST_BYTES + 1);
    await rm(at('banlist.json.damaged'));
    await rm(at('banlist.json'));
    await mkdir(at('banlist.json'));
    await writeFile(at('banlist.json', 'inside'), '');
    await loadBans();
    expect(await readdir(at('banlist.json.damaged'))).toEqual(['inside']);
  });

  it('is not parsed when it is nested, which would take forty times its size', () => {
    for (const text of ['[', '{"a":']) expect(parseBanList(text.repeat(1e6), 0, false)).toBeUndefined();
    expect(parseBanList('{"banned_nets":[{"version":1,"a":[]}]}', 0, false)).toBeUndefined();
    expect(parseBanList('{"x":"[[[[[[","banned_nets":[]}', 0, false)).toEqual([]);
    expect(parseBanList('{"banned_nets":["', 0, false)).toBeUndefined();
  });
});

describe('a data file that is a link', () => {
  it('is written through, and stays a link', async () => {
    await mkdir(at('elsewhere'));
    await symlink('elsewhere/bans.json', at('banlist.json'));
    await writeFile(at('elsewhere', 'bans.json'), '{"banned_nets":[]}');
    const banMan = await loadBans();
    banMan.ban('1.2.3.4');
    await banMan.save();
    expect((await lstat(at('banlist.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(at('elsewhere', 'bans.json'), 'utf8')).toContain('1.2.3.4/32');
    expect(await readdir(at('elsewhere'))).toEqual(['bans.json']);
    expect((await readdir(folder)).sort()).toEqual(['banlist.json', 'elsewhere']);
  });

  it('makes the file that it leads to, by way of other links', async () => {
    await mkdir(at('a', 'deep'), { recursive: true });
    await mkdir(at('b'));
    await symlink(at('a', 'deep'), at('b', 'folder'));
    await symlink('b/folder/link', at('peers.dat'));
    // From where the folder really is: a/deep/../peers.dat.
    await symlink('../peers.dat', at('a', 'deep', 'link'));
    await new PeersFile(at('peers.dat'), magic).load();
    expect((await lstat(at('a', 'peers.dat'))).isFile()).toBe(true);
    expect((await lstat(at('peers.dat'))).isSymbolicLink()).toBe(true);
    expect((await new PeersFile(at('peers.dat'), magic).load()).found).toBe('peers');
  });

  it('keeps the link when the file is deleted or moved aside', async () => {
    await mkdir(at('elsewhere'));
    await symlink('elsewhere/anchors', at('anchors.dat'));
    const anchors = new AnchorsFile(at('anchors.dat'), magic);
    await anchors.save([]);
    await anchors.take();
    expect(await readdir(at('elsewhere'))).toEqual([]);
    await anchors.save([]);
    expect(await readdir(at('elsewhere'))).toEqual(['anchors']);
    expect(await new DataFile(at('anchors.dat')).moveAside('.old')).toBe(at('elsewhere', 'anchors.old'));
    expect((await lstat(at('anchors.dat'))).isSymbolicLink()).toBe(true);
  });

  it('to what is no file is itself replaced, deleted or moved', async () => {
    await mkdir(at('folder'));
    await symlink('folder', at('anchors.dat'));
    const anchors = new AnchorsFile(at('anchors.dat'), magic);
    await anchors.take();
    expect((await readdir(folder)).sort()).toEqual(['folder']);
    await symlink('folder', at('anchors.dat'));
    await anchors.save([]);
    expect((await lstat(at('anchors.dat'))).isFile()).toBe(true);
    await symlink('folder', at('banlist.json'));
    await loadBans();
    expect((await lstat(at('banlist.json.damaged'))).isSymbolicLink()).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['anchors.dat', 'banlist.json', 'banlist.json.damaged', 'folder']);
  });

  it('that leads in a circle is an error, and no loop without end', async () => {
    await symlink('two', at('one'));
    await symlink('one', at('two'));
    await expect(new DataFile(at('one')).read(10)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
  });
});
