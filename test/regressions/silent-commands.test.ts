// Commands that failed and said nothing, or said it without end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { command as watchCommand } from '../../ts/cli/commands/watch.ts';
import { PeerLines } from '../../ts/cli/node/peer-lines.ts';
import { peerTable } from '../../ts/cli/node/peer-table.ts';
import { UsageError } from '../../ts/cli/options.ts';
import { PLAIN } from '../../ts/cli/terminal/style.ts';
import type { PeerStats } from '../../ts/connman/statistics.ts';
import { noBuild } from '../harness/child.ts';
import { outside } from '../harness/outside.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');

const peer = (id: number, subver = '/x/'): PeerStats =>
  ({
    ...{ id, addr: '203.0.113.1:8333', inbound: true, transport_protocol_type: 'v2', version: 70_016, subver },
    ...{ bytesrecv: 1, bytessent: 1, bytesrecv_per_msg: {}, bytessent_per_msg: {}, session_id: '' },
  }) as unknown as PeerStats;

describe.each([
  ['node', nodeCommand],
  ['watch', watchCommand],
])('sockman %s', (name, command) => {
  it.each(['127.0.0.1:99999', 'nonsense:1x', '', ':1', 'http://127.0.0.1'])(
    'does not understand the peer %j',
    async (at) => {
      await expect(command.run(['--connect', at, '--for', '0'], outside().io)).rejects.toThrow(UsageError);
    },
  );

  it('tells of a peer that cannot be reached, once, and ends with 1', async () => {
    const { io, complaints } = outside();
    expect(await command.run(['--connect', '127.0.0.1:1', '--for', '2'], io)).toBe(1);
    expect(complaints).toEqual([expect.stringMatching(/^127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/)]);
    expect(name).not.toBe('');
  });
});

describe.skipIf(noBuild !== undefined)('an output that nobody reads', () => {
  it('does not keep a command that was told to end', async () => {
    const child = spawn(process.execPath, [MAIN, 'node', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('lines for a file', () => {
  it('of peers that come and go are bounded, and those left out are counted', () => {
    const { io, lines } = outside();
    const peers = new PeerLines(io, 0);
    for (let second = 1; second <= 3_600; second++)
      peers.show([peer(2 * second), peer(2 * second + 1)], second * 1_000);
    const told = lines.filter((line) => line.includes('203.0.113.1'));
    expect(told.length).toBeLessThan(200 + 3_600 / 10 + 2);
    expect(told.length).toBeGreaterThan(200);
    const skipped = lines.map((line) => Number(/^\((\d+) lines/.exec(line)?.[1] ?? 0));
    expect(told.length + skipped.reduce((sum, count) => sum + count)).toBeGreaterThan(7_100);
  });
});

describe('the table of peers', () => {
  it('gives a peer no more room than its columns have', () => {
    const [heading, line] = peerTable([peer(1, `/${'x'.repeat(250)}/`)], 0, PLAIN);
    expect(line).toContain('/xxx');
    expect(line!.length).toBeLessThan(160);
    expect(heading!.indexOf('ping')).toBeLessThan(160);
  });
});
