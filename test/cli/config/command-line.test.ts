import { spawnSync } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';

import { ABSENT_OPTIONS } from '../../../ts/cli/config/absent-options.ts';
import { readCommandLine } from '../../../ts/cli/config/command-line.ts';
import { NODE_OPTIONS, findNodeOption } from '../../../ts/cli/config/node-options.ts';
import { UsageError } from '../../../ts/cli/options.ts';
import { bitcoindPath } from '../../harness/labs/bitcoind.ts';

/** What was read, as `name: values`. */
const read = (...args: string[]): Record<string, unknown[]> =>
  Object.fromEntries([...readCommandLine(args)].map(([name, all]) => [name, all.map(({ value }) => value)]));

const complaintOf = (...args: string[]): string => {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
};

describe('the command line of a node', () => {
  it('takes one dash and two, a value behind an equals sign, and behind two dashes as the next word', () => {
    expect(read('-maxconnections=8', '--maxconnections=9', '--maxconnections', '10')).toEqual({
      maxconnections: ['8', '9', '10'],
    });
    expect(read('--proxy', '', '-proxy=', '-proxy')).toEqual({ proxy: ['', '', ''] });
  });

  it('takes a switch without a value for 1, and only 0 and 1 from the next word', () => {
    expect(read('-server', '--dnsseed', '--v2transport', '0', '--discover', '1')).toEqual({
      server: [''],
      dnsseed: [''],
      v2transport: ['0'],
      discover: ['1'],
    });
    expect(complaintOf('--v2transport', '2')).toBe("'2' is an unexpected argument");
    expect(read('--listen', '127.0.0.1:1', '--listen', '--listen=0')).toEqual({ listen: ['127.0.0.1:1', '', '0'] });
  });

  it('takes a negation, and a negation of that', () => {
    expect(read('-noconnect', '--no-proxy', '-noserver=0', '-nodebuglogfile=1')).toEqual({
      connect: [false],
      proxy: [false],
      server: [true],
      debuglogfile: [false],
    });
  });

  it('knows options by older names of ours, and whatever dashes are inside', () => {
    expect(
      read('--network', 'main', '--tor-control', 'tor', '--tor-password', 'x', '--capture-messages', 'f', '--rpc'),
    ).toEqual({
      chain: ['main'],
      torcontrol: ['tor'],
      torpassword: ['x'],
      capturemessages: ['f'],
      server: [''],
    });
  });

  it.each([
    ['no option -maxconections; did you mean -maxconnections?', ['-maxconections=1']],
    ['no option --dbcahce; did you mean --dbcache?', ['--dbcahce']],
    ['no option --toString', ['--toString']],
    ['no option --__proto__', ['--__proto__', 'x']],
    ['no option -noserver.x; did you mean -server?', ['-noserver.x']],
    ['no option -regtest.port', ['-regtest.port=1']],
    ["'x' is an unexpected argument", ['x']],
    ["'-' is an unexpected argument", ['-']],
    ["'--' is an unexpected argument", ['--']],
    ['--connect: ADDRESS is missing', ['--connect', '--json']],
    ['--listen: ADDRESS is missing', ['--listen', '']],
    ["--json takes no value, got '1'", ['--json=1']],
  ])('is refused with "%s"', (message, args) => {
    expect(complaintOf(...args)).toBe(message);
  });
});

describe('the table of options', () => {
  it('has no name twice, and none that begins like a negation', () => {
    const names = Object.keys(NODE_OPTIONS);
    expect(names.filter((name) => ABSENT_OPTIONS.has(name))).toEqual([]);
    expect([...names, ...ABSENT_OPTIONS.keys()].filter((name) => name.startsWith('no'))).toEqual([]);
    for (const name of names) expect(findNodeOption(name), name).toBeDefined();
    expect(new Set(names.map((name) => name.replaceAll('-', ''))).size).toBe(names.length);
  });

  it.skipIf(bitcoindPath() === undefined)('has every option of Bitcoin Core, or a reason why not', () => {
    const { stdout } = spawnSync(bitcoindPath()!, ['-help', '-help-debug'], { encoding: 'utf8' });
    const names = [...stdout.matchAll(/^ {2}-([a-z0-9-]+)/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(100);
    const own = ['help', 'version'];
    const unknown = names.filter((name) => !own.includes(name) && !ABSENT_OPTIONS.has(name));
    expect(unknown.filter((name) => findNodeOption(name) === undefined)).toEqual([]);
  });
  if (bitcoindPath() === undefined)
    test.skip('every option of Bitcoin Core (skipped: BITCOIND names no bitcoind)', () => {});
});
