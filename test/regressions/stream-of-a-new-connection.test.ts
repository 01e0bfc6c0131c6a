// A stream that took over a connection in the continuation of its dial, and was destroyed there: the end was told twice.
// (Found by a random program of callbacks.)

import { expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

describeEachBackend('a stream over a new connection', (stage) => {
  it('tells its end once when it is destroyed at once', async () => {
    const ends: number[] = [];
    const probe = stage.probe({}, { eventConnectionClosed: (nodeId) => void ends.push(nodeId) });
    const to = stage.listen(stage.probe());
    const nodeId = await stage.dial(probe, to);
    probe.duplex(nodeId).destroy();
    await until('the end', () => probe.connectionCount === 0);
    await probe.close();
    expect(ends).toEqual([nodeId]);
  });
});
