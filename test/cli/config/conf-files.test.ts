import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { parseConf } from '../../../ts/cli/config/conf-text.ts';
import { readSettings } from '../../../ts/cli/config/read-settings.ts';
import type { ReadSettings } from '../../../ts/cli/config/read-settings.ts';
import { UsageError } from '../../../ts/cli/options.ts';
import { StartError } from '../../../ts/cli/start-error.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockman-conf-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Reads a file and a command line that names its folder. */
async function read(conf: string, ...args: string[]): Promise<ReadSettings> {
  await writeFile(join(folder, 'bitcoin.conf'), conf);
  return readSettings([`-datadir=${folder}`, ...args], new AbortController().signal);
}

const complaintOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => '',
    (error: Error) => {
      expect(error instanceof UsageError || error instanceof StartError, String(error)).toBe(true);
      return error.message.replaceAll(folder, 'DIR');
    },
  );

describe('the text of a configuration file', () => {
  it('is assignments, sections and comments, with blanks anywhere and any line end', () => {
    const text = '\uFEFF a = 1 # comment\r\n\n#\n[regtest]\r\n  b=x=y \nnoc=1\nnod=0\nnoe=\n';
    expect(parseConf(text, 'f')).toEqual({
      entries: [
        { section: '', name: 'a', value: '1', place: 'f:1' },
        { section: 'regtest', name: 'b', value: 'x=y', place: 'f:5' },
        { section: 'regtest', name: 'c', value: false, place: 'f:6' },
        { section: 'regtest', name: 'd', value: true, place: 'f:7' },
        { section: 'regtest', name: 'e', value: false, place: 'f:8' },
      ],
      sections: [{ name: 'regtest', place: 'f:4' }],
    });
  });

  it('names a section before an option as well', () => {
    expect(parseConf('regtest.port=1', 'f').entries).toEqual([
      { section: 'regtest', name: 'port', value: '1', place: 'f:1' },
    ]);
  });

  it.each([
    ['-port=1', "f:1: '-port=1': options have no dashes in a file"],
    ['\nserver', "f:2: 'server': expected name=value"],
    ['nolisten', "f:1: 'nolisten': expected name=value; to negate, write nolisten=1"],
    ['rpcpassword=a#b', 'f:1: a # in rpcpassword would begin a comment: choose another password'],
    ['main.rpcpassword=a # b', 'f:1: a # in rpcpassword would begin a comment: choose another password'],
  ])('refuses %j with the line', (text, message) => {
    expect(() => parseConf(text, 'f')).toThrow(`Error reading configuration file: ${message}`);
  });
});

describe('a configuration file', () => {
  it('is the bitcoin.conf of the data folder, and makes the chain main', async () => {
    const { settings, chain, confFiles } = await read(
      'maxconnections=8\nmaxconnections=9\naddnode=192.0.2.1\naddnode=192.0.2.2\n',
    );
    expect([chain, confFiles]).toEqual(['main', [join(folder, 'bitcoin.conf')]]);
    expect(settings.count('maxconnections')).toBe(8);
    expect(settings.texts('addnode')).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('gives way to the command line', async () => {
    const { settings } = await read(
      'maxconnections=8\nproxy=127.0.0.1:1\nlisten=1\n',
      '--maxconnections',
      '7',
      '-noproxy',
      '-listen=0',
    );
    expect(settings.count('maxconnections')).toBe(7);
    expect(settings.texts('proxy')).toEqual([]);
    expect(settings.text('listen')).toBe('0');
  });

  it('counts by its section, and network options before any section on the main chain only', async () => {
    const conf = 'regtest=1\nport=1\nrpcuser=top\n[regtest]\nrpcport=2\n[main]\nrpcport=3\n[tset]\n';
    const { settings, chain, warnings } = await read(conf);
    expect(chain).toBe('regtest');
    expect([settings.count('port'), settings.count('rpcport'), settings.text('rpcuser')]).toEqual([
      undefined,
      2,
      'top',
    ]);
    expect(warnings.map((line) => line.replaceAll(folder, 'DIR'))).toEqual([
      'DIR/bitcoin.conf:8: there is no section [tset]',
      'port applies to regtest only in section [regtest]: ignored',
    ]);
    expect((await read('testnet=1\n[test]\nport=5\n')).settings.count('port')).toBe(5);
  });

  it('includes others, which include none, unless told not to', async () => {
    await writeFile(join(folder, 'a.conf'), 'rpcuser=a\nuacomment=a\nincludeconf=b.conf\n');
    const conf = 'uacomment=first\nincludeconf=a.conf\nregtest=1\n';
    const { settings, confFiles, warnings } = await read(conf);
    expect(settings.text('rpcuser')).toBe('a');
    expect(settings.texts('uacomment')).toEqual(['first', 'a']);
    expect(confFiles).toEqual([join(folder, 'bitcoin.conf'), join(folder, 'a.conf')]);
    expect(warnings.map((line) => line.replaceAll(folder, 'DIR'))).toEqual([
      'DIR/a.conf:3: includeconf: a file that is included includes no other',
    ]);
    expect((await read(conf, '-noincludeconf')).settings.text('rpcuser')).toBeUndefined();
    expect((await read(`${conf}noincludeconf=1\n`)).settings.text('rpcuser')).toBeUndefined();
  });

  it.each([
    [
      'conf=x',
      [],
      'Error reading configuration file: DIR/bitcoin.conf:1: conf cannot be set in a file; includeconf=FILE includes one',
    ],
    ['includeconf=gone', [], 'Error reading configuration file: DIR/gone: cannot be read: ENOENT'],
    ['', ['-conf=gone'], 'Error reading configuration file: DIR/gone cannot be opened'],
    ['', ['-conf=.'], 'Error reading configuration file: DIR is a folder'],
    ['', ['-includeconf=x'], '-includeconf can only be used in files; -noincludeconf disables includes'],
    ['maxconections=1', [], 'DIR/bitcoin.conf:1: no option maxconections; did you mean maxconnections?'],
    ['[signet]\nmaxconections=1', [], 'DIR/bitcoin.conf:2: no option maxconections; did you mean maxconnections?'],
    ['\nserver=yes\n', [], "DIR/bitcoin.conf:2: server: expected 0 or 1, got 'yes'"],
    [
      'prune=550',
      [],
      'DIR/bitcoin.conf:1: prune: this node has no chain (--ignore-chain-options ignores such options)',
    ],
    [
      'zmqpubrawtx=x',
      ['--ignore-chain-options'],
      'DIR/bitcoin.conf:1: zmqpubrawtx: this node has no blocks and transactions to publish',
    ],
    ['regtest=1\nsignet=1', [], 'at most one of -chain, -regtest, -signet, -testnet and -testnet4 can be given'],
    [
      'chain=sigent',
      [],
      "DIR/bitcoin.conf:1: chain: expected one of main, testnet3, testnet4, signet, regtest, got 'sigent'; did you mean signet?",
    ],
  ])('%j with %j is refused: %s', async (conf, args, message) => {
    const asked = async (): Promise<void> => void (await read(conf, ...args)).settings.switch('server');
    expect(await complaintOf(asked())).toBe(message);
  });

  it('may say what is so anyway, and with --ignore-chain-options what concerns a chain', async () => {
    const harmless = 'txindex=0\nprune=0\ndisablewallet=1\nnowallet=1\nnatpmp=0\nrest=0\ndaemon=0\nnodbcache=1\n';
    expect((await read(harmless)).warnings).toEqual([]);
    const { warnings } = await read('dbcache=450\nrpcauth=x\n', '--ignore-chain-options');
    expect(warnings.map((line) => line.replaceAll(folder, 'DIR'))).toEqual([
      'DIR/bitcoin.conf:1: dbcache: ignored: this node has no chain',
    ]);
  });

  it('does not show secrets in its errors', async () => {
    const { settings } = await read('torpassword=hunter2\n');
    expect(() => settings.switch('torpassword')).toThrow(/torpassword: expected 0 or 1, got '\*\*\*'$/);
  });

  it('beside the one that is used is a mistake, unless that is allowed', async () => {
    const other = join(folder, 'other.conf');
    await writeFile(other, 'server=0\n');
    expect(await complaintOf(read('', `-conf=${other}`))).toContain('DIR/bitcoin.conf is ignored');
    expect((await read('', `-conf=${other}`, '-allowignoredconf')).settings.switch('server')).toBe(false);
    expect((await read('', '-noconf')).confFiles).toEqual([]);
  });

  it('larger than a megabyte is refused', async () => {
    expect(await complaintOf(read('#'.repeat(1_048_577)))).toContain('larger than 1048576 bytes');
    expect(await complaintOf(read('#'.repeat(1_048_576)))).toBe('');
  });
});
