// Commands that failed and said nothing, or said it without end.

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { command as watchCommand } from '../../ts/cli/commands/watch.ts';
import { PeerLines } from '../../ts/cli/node/peer-lines.ts';
import { peerTable } from '../../ts/cli/node/peer-table.ts';
import { UsageError } from '../../ts/cli/options.ts';
import { PLAIN } from '../../ts/cli/terminal/style.ts';
import type { PeerStats } from '../../ts/connman/statistics.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { EncodedMessage } from '../../ts/p2p/messages/registry.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { noBuild } from '../harness/child.ts';
import { outside } from '../harness/outside.ts';
import { listenNetPeers } from '../harness/peers/raw-peer.ts';
import type { RawListener } from '../harness/peers/raw-peer.ts';
import { sendAll } from '../harness/peers/transport.ts';
import { noteProgress, until } from '../harness/until.ts';
import { VERSION } from '../harness/peers/version.ts';

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

/** Messages that come to 100 kB of output each. */
const INVENTORIES = 150;
const LONG_INVENTORY = encodeMessage({
  type: 'inv',
  items: Array.from({ length: 1_000 }, () => ({ type: 2, hash: new Uint8Array(32) })),
});
/** Kept are a mebibyte and what fits into the pipe. */
const MAX_OUTPUT_BYTES = 3_000_000;

describe.skipIf(noBuild !== undefined)('an output of sockman watch that nobody reads', () => {
  let child: ChildProcessByStdio<null, Readable, null>;
  let listener: RawListener;
  const send = (...messages: EncodedMessage[]): void =>
    listener.peers[0]!.send(sendAll(new V1Transport(CHAIN_PARAMS.regtest.magic), messages));
  beforeEach(async () => {
    listener = await listenNetPeers();
    const args = ['watch', '--connect', listener.bound, '--v2transport', '0'];
    child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    await until('the dial', () => listener.peers.length === 1);
    const many = Array<EncodedMessage>(INVENTORIES).fill(LONG_INVENTORY);
    send(VERSION, encodeMessage({ type: 'verack' }), ...many, encodeMessage({ type: 'ping', nonce: 1n }));
    // What came before the ping is printed, or left out.
    await until('the pong', () => listener.peers[0]!.bytes.includes('pong'));
  });
  afterEach(() => {
    child.kill('SIGKILL');
    listener.close();
  });

  it('does not grow: lines are left out, and counted once it is read again', async () => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      noteProgress();
    });
    // The count comes with the next line, for a reader that has caught up.
    await until('the count', () => {
      if (!output.includes('skippedLines')) send(encodeMessage({ type: 'verack' }));
      return output.includes('skippedLines');
    });
    expect(output.length).toBeLessThan(MAX_OUTPUT_BYTES);
    const lines = output.trimEnd().split('\n');
    const skipped = Number(/"skippedLines":(\d+)/.exec(output)![1]);
    const printed = lines.filter((line) => line.includes('"inv"')).length;
    expect(printed).toBeGreaterThan(0);
    expect(printed).toBeLessThan(INVENTORIES);
    expect(printed + skipped).toBeGreaterThanOrEqual(INVENTORIES);
  });

  it('does not keep the process when it is told to end', async () => {
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
