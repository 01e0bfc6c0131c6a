import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { command as nodeCommand } from '../../../ts/cli/commands/node.ts';
import { LogFilter } from '../../../ts/cli/log/categories.ts';
import { LogFile, RECENT_LOG_BYTES, shrinkLog } from '../../../ts/cli/log/log-file.ts';
import { NodeLog } from '../../../ts/cli/log/node-log.ts';
import { outside } from '../../harness/outside.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockman-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const never = (error: Error): void => {
  throw error;
};

describe('the choice of log lines', () => {
  it('is by category and level, of which the last word counts and exclusion comes first', () => {
    const filter = new LogFilter();
    expect(filter.apply(['net', 'none', '1'], ['tor'], ['debug', 'rpc:info'])).toBeUndefined();
    expect(['net', 'tor', 'rpc', 'http'].map((name) => filter.wants(name))).toEqual([true, false, false, true]);
    expect(filter.set('all', false)).toBe(true);
    expect(filter.isAnyOn).toBe(false);
    expect(filter.set('leveldb', true)).toBe(true);
  });

  it.each([
    [['nett'], [], [], ['debug', 'nett']],
    [[], ['x'], [], ['debugexclude', 'x']],
    [[], [], ['loud'], ['loglevel', 'loud']],
    [[], [], ['net:'], ['loglevel', 'net:']],
    [[], [], ['x:debug'], ['loglevel', 'x:debug']],
    [[], [], ['net:debug:1'], ['loglevel', 'net:debug:1']],
  ])('of %j, %j and %j is refused', (debug, exclude, levels, wrong) => {
    expect(new LogFilter().apply(debug, exclude, levels)).toEqual(wrong);
  });
});

describe('a line of the log', () => {
  const lineOf = (options: object, write: (log: NodeLog) => void, mockTimeMs?: number): string => {
    const lines: string[] = [];
    const filter = new LogFilter();
    filter.set('net', true);
    const look = { hasTime: true, hasMicroseconds: false, alwaysNamesLevel: false, ...options };
    const time = { wallTimeMs: () => 1_700_000_000_123.456, mockTimeMs: () => mockTimeMs };
    write(new NodeLog({ filter, sinks: [(text) => lines.push(text)], ...look, ...time }));
    return lines.join('');
  };

  it.each<[string, object, (log: NodeLog) => void, string]>([
    ['has time and category', {}, (log) => log.debug('[net] a'), '2023-11-14T22:13:20Z [net] a\n'],
    ['without a category is about the network', {}, (log) => log.debug('a'), '2023-11-14T22:13:20Z [net] a\n'],
    ['that is news has no category', {}, (log) => log.info('a'), '2023-11-14T22:13:20Z a\n'],
    ['that warns says so', { hasTime: false }, (log) => log.warn('a'), '[warning] a\n'],
    ['of an error says so', { hasTime: false }, (log) => log.error('a'), '[error] a\n'],
    ['may have microseconds', { hasMicroseconds: true }, (log) => log.info('a'), '2023-11-14T22:13:20.123456Z a\n'],
    ['may name the level always', { hasTime: false, alwaysNamesLevel: true }, (log) => log.info('a'), '[all:info] a\n'],
    ['of another category is left out', {}, (log) => log.debug('[rpc] a'), ''],
    [
      'keeps a terminal from being driven',
      { hasTime: false },
      (log) => log.info('\x1b[2J\r\t'),
      '\\x1b[2J\\x0d\\x09\n',
    ],
    ['has an end', { hasTime: false }, (log) => log.info('x'.repeat(4_097)), `${'x'.repeat(4_096)}… (cut)\n`],
  ])('%s', (_title, options, write, expected) => {
    expect(lineOf(options, write)).toBe(expected);
  });

  it('names a mocked time beside the real one', () => {
    const line = lineOf({}, (log) => log.info('a'), 1_600_000_000_000);
    expect(line).toBe('2023-11-14T22:13:20Z (mocktime: 2020-09-13T12:26:40Z) a\n');
  });
});

describe('the file of a log', () => {
  it('is cut to its last lines at the start, from 11 MB on', async () => {
    const path = join(folder, 'debug.log');
    const line = `${'x'.repeat(99)}\n`;
    await writeFile(path, line.repeat(110_000));
    shrinkLog(path);
    expect((await readFile(path)).length).toBe(11_000_000);
    await writeFile(path, line.repeat(110_001));
    shrinkLog(path);
    const kept = await readFile(path, 'latin1');
    expect(kept.length).toBe(RECENT_LOG_BYTES - 100);
    expect(kept.startsWith(line) && kept.endsWith(line)).toBe(true);
    shrinkLog(join(folder, 'none'));
  });

  it('becomes debug.log.old at its limit, and a new one begins', async () => {
    const path = join(folder, 'debug.log');
    const file = new LogFile(path, never, 10);
    for (const text of ['12345', '67890', 'a', 'b']) file.write(text);
    file.close();
    expect([await readFile(`${path}.old`, 'latin1'), await readFile(path, 'latin1')]).toEqual(['1234567890', 'ab']);
  });

  it('is opened anew on request, where another program moved it away', async () => {
    const path = join(folder, 'debug.log');
    const file = new LogFile(path, never);
    file.write('a');
    await rename(path, `${path}.1`);
    file.write('b');
    file.reopen();
    file.write('c');
    file.close();
    expect([await readFile(`${path}.1`, 'latin1'), await readFile(path, 'latin1')]).toEqual(['ab', 'c']);
  });

  it('that cannot be written tells so once, and stops nobody', () => {
    const failures: string[] = [];
    const file = new LogFile('/dev/full', ({ message }) => failures.push(message));
    file.write('a');
    file.write('b');
    file.close();
    expect(failures).toEqual([expect.stringContaining('ENOSPC')]);
  });
});

describe('the log of a node', () => {
  it('is written where a category is asked for, with its messages, and reopened at SIGHUP', async () => {
    const { io, hangUp, stop } = outside();
    const path = join(folder, 'regtest', 'debug.log');
    const args = ['--datadir', folder, '--debug=net', '--connect', '127.0.0.1:1', '-logtimestamps=0'];
    const run = nodeCommand.run(args, io);
    const text = (): Promise<string> => readFile(path, 'latin1').catch(() => '');
    await expect.poll(text).toContain('Done loading');
    await rename(path, `${path}.1`);
    hangUp();
    stop.abort();
    expect(await run).toBe(1);
    expect(await text()).toBe('Shutdown done\n');
    expect(await readFile(`${path}.1`, 'latin1')).toMatch(
      /\[net\] trying v[12] connection \(manual\) to 127\.0\.0\.1:1, lastseen=0\.0hrs\n/,
    );
  });

  it('is not written where nobody asked for it, and refuses categories that do not exist', async () => {
    const { io } = outside();
    expect(await nodeCommand.run(['--datadir', folder, '--for', '0'], io)).toBe(0);
    await expect(readFile(join(folder, 'regtest', 'debug.log'))).rejects.toThrow('ENOENT');
    const unknown = nodeCommand.run(['--datadir', folder, '--debug=nett'], io);
    await expect(unknown).rejects.toThrow('Unsupported logging category -debug=nett.');
  });
});
