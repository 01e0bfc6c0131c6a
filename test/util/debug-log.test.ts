// What `NODE_DEBUG=sockman` and `--debug` show, in processes of their own.

import { describe, expect, it } from 'vitest';
import { debugLog } from '../../ts/util/debug-log.ts';
import { noBuild, runChild } from '../harness/child.ts';

const NODE = ['node', '--for', '1'];

/** Runs the built command. */
const run = (args: string[], debug = ''): ReturnType<typeof runChild> =>
  runChild('esm/cli/main.js', args, { env: { NODE_DEBUG: debug } });

describe.skipIf(noBuild !== undefined)(`debug lines ${noBuild ?? ''}`, () => {
  it('tell turns, dials and messages of a node', async () => {
    const { status, stderr } = await run([...NODE, '--debug']);
    expect(status).toBe(0);
    expect(stderr.split('\n').filter((line) => line !== '' && !/^SOCKMAN \d+: /.test(line))).toEqual([]);
    for (const line of [
      /turn \d+: .*\d+ bytes received.*; [\d.]+ ms, \d+ connections open$/m,
      /dial 0: to 127\.0\.0\.1:\d+$/m,
      /dial 0: connecting to 127\.0\.0\.1:\d+$/m,
      /dial 0: connected as node \d+ from 127\.0\.0\.1:\d+$/m,
      /sending version \(\d+ bytes\) peer=0$/m,
      /received: verack \(0 bytes\) peer=0$/m,
      /\[net\] Added connection.* peer=0$/m,
    ]) {
      expect(stderr).toMatch(line);
    }
  });

  it('say why a dial failed, asked for by the environment', async () => {
    const { stderr } = await run(['dial', '127.0.0.1:1'], 'http,sockman');
    expect(stderr).toMatch(/dial 0: connect to 127\.0\.0\.1:1 failed: .* \[connection-refused\]$/m);
  });

  it('are absent where nobody asked', async () => {
    expect((await run(NODE, 'sockmanager')).stderr).toBe('');
  });
});

describe('the debug log', () => {
  it.each([
    ['sockman', true],
    ['SOCKMAN', true],
    ['http,sockman', true],
    ['*', true],
    ['', false],
    ['sockmanager', false],
    ['http', false],
  ])('with NODE_DEBUG=%s is there: %s', (value, isThere) => {
    const before = process.env['NODE_DEBUG'];
    process.env['NODE_DEBUG'] = value;
    try {
      expect(debugLog() !== undefined).toBe(isThere);
    } finally {
      if (before === undefined) delete process.env['NODE_DEBUG'];
      else process.env['NODE_DEBUG'] = before;
    }
  });
});
