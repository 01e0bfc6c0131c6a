// Which asynchronous context (`AsyncLocalStorage`) a stream's events come in: that of the request it belongs to.

import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { ConnectionStream } from '../../ts/sockman/streams/connection-stream.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

const requests = new AsyncLocalStorage<string>();

/** More than both kernel buffers and the stream hold. */
const TOO_MUCH = 16 * 1024 * 1024;

/** Notes, at each of the events, in which context it came. */
function noteContexts(stream: ConnectionStream, seen: string[], names: readonly string[]): void {
  for (const name of names) {
    stream.on(name, () => {
      const note = `${name} ${requests.getStore()}`;
      if (!seen.includes(note)) seen.push(note);
      noteProgress();
    });
  }
}

describeEachBackend('asynchronous contexts', (stage) => {
  it('are that of duplex() for data, drain, end and close, and of the write for its callback', async () => {
    const probe = requests.run('start', () => stage.probe());
    const bound = requests.run('listen', () => stage.listen(probe));
    const { peer, nodeId } = await stage.another(probe, bound);
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    const seen: string[] = [];
    peer.pauseReading();
    const stream = requests.run('request', () => {
      const made = probe.duplex(nodeId);
      noteContexts(made, seen, ['data', 'drain', 'end', 'close']);
      made.write(new Uint8Array(TOO_MUCH), () => seen.push(`written ${requests.getStore()}`));
      return made;
    });
    await stage.settled();
    expect(stream.writableLength).toBeGreaterThan(0);
    peer.resumeReading();
    await until('room', () => seen.some((note) => note.startsWith('drain')));
    peer.send('x');
    await until('the data', () => seen.some((note) => note.startsWith('data')));
    const closed = once(stream, 'close');
    stream.end();
    peer.end();
    await inTime('the close', closed);
    expect(seen.sort()).toEqual(['close request', 'data request', 'drain request', 'end request', 'written request']);
  });

  it('are that of duplex() for an error, and for a close from elsewhere', async () => {
    const probe = requests.run('start', () => stage.probe());
    const bound = stage.listen(probe);
    const first = await stage.another(probe, bound);
    const second = await stage.another(probe, bound);
    const seen: string[] = [];
    for (const [request, { nodeId }] of [
      ['first', first],
      ['second', second],
    ] as const) {
      requests.run(request, () => {
        const stream = probe.duplex(nodeId);
        noteContexts(stream, seen, ['error', 'close']);
        stream.resume();
      });
    }
    first.peer.reset();
    await until('the error', () => seen.length === 2);
    requests.run('elsewhere', () => probe.closeConnection(second.nodeId));
    await until('the close', () => seen.length === 3);
    expect(seen).toEqual(['error first', 'close first', 'close second']);
  });

  it('stay with their writes when two requests share a stream', async () => {
    const probe = requests.run('start', () => stage.probe());
    const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
    const stream = requests.run('owner', () => probe.duplex(nodeId));
    stream.on('error', () => {});
    const seen: string[] = [];
    const note = (): void => {
      seen.push(`written ${requests.getStore()}`);
      noteProgress();
    };
    peer.pauseReading();
    requests.run('writer', () => stream.write(new Uint8Array(TOO_MUCH), note));
    await stage.settled();
    peer.resumeReading();
    await until('the first', () => seen.length === 1);
    peer.pauseReading();
    requests.run('last writer', () => stream.write(new Uint8Array(TOO_MUCH), note));
    await stage.settled();
    requests.run('elsewhere', () => stream.destroy());
    await until('the second', () => seen.length === 2);
    expect(seen).toEqual(['written writer', 'written last writer']);
  });

  it('are that of the dial for its steps and its promise, and that of setTimeout for nothing but the stream', async () => {
    const probe = requests.run('start', () => stage.probe());
    const listener = await stage.rawListener();
    const seen: string[] = [];
    const dialing = requests.run('dial', () =>
      probe
        .connectAndMakeNodeId(listener.bound, { onStep: () => seen.push(`step ${requests.getStore()}`) })
        .then(({ nodeId }) => {
          seen.push(`dialed ${requests.getStore()}`);
          return nodeId!;
        }),
    );
    const stream = probe.duplex(await dialing);
    stream.setTimeout(20);
    requests.run('stream', () => noteContexts(stream, seen, ['timeout']));
    await until('the timeout', () => seen.length === 3);
    expect(seen).toEqual(['step dial', 'dialed dial', 'timeout undefined']);
    stream.destroy();
  });
});
