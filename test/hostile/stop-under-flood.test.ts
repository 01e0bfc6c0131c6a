// `sockman node` under a flood that does not end: SIGTERM ends it with what it took still unanswered.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';

const ROOT = `${import.meta.dirname}/../..`;
const MAIN = `${ROOT}/esm/cli/main.js`;
/** A few seconds of work, and less than sockets and queues take. */
const PINGS = 300_000;
const PING_BYTES = 32;

interface Frames {
  frame(type: string, payload?: Uint8Array): Buffer;
  version(): Buffer;
  readonly verack: Buffer;
  repeated(message: Buffer, bytes: number): Buffer;
}

const { frame, version, verack, repeated } = (await import(`${ROOT}/bench/cases/floods/frames.mjs`)) as Frames;

describe.skipIf(noBuild !== undefined)(`sockman node under a flood ${noBuild ?? ''}`, () => {
  it('ends on SIGTERM before it has answered what its peers had sent', async () => {
    const told = ['node', '--regtest', '1', '--bind', '127.0.0.1:0', '--connect', '0'];
    const node = spawn(process.execPath, [MAIN, ...told], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(node, 'exit');
    try {
      const [line] = (await once(node.stdout, 'data')) as [Buffer];
      node.stdout.resume();
      const peer = connect(Number(/:(\d+) /.exec(line.toString())![1]), '127.0.0.1');
      peer.on('error', () => {});
      peer.write(Buffer.concat([version(), verack, repeated(frame('ping', Buffer.alloc(8)), PINGS * PING_BYTES)]));
      let answeredBytes = 0;
      peer.on('data', (chunk: Buffer) => (answeredBytes += chunk.length));
      await once(peer, 'data');
      node.kill('SIGTERM');
      // It is reset: what it sent was not read.
      const closed = new Promise((resolve) => peer.once('close', resolve));
      expect(await exited).toEqual([0, null]);
      await closed;
      // A pong is as long as a ping.
      expect(answeredBytes).toBeLessThan(PINGS * PING_BYTES);
    } finally {
      node.kill('SIGKILL');
    }
  });
});
