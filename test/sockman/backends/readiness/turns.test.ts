// What a turn holds at most, and what waits for the next. The memory network makes turns that can be counted.

import { describe, expect, it } from 'vitest';
import { Service } from '../../../../ts/netaddr/service.ts';
import { MAX_RECORDS, RecordFlag } from '../../../../ts/sockman/backends/backend.ts';
import type { BackendOptions } from '../../../../ts/sockman/backends/backend.ts';
import { MemoryNetwork } from '../../../../ts/sockman/backends/memory.ts';
import { Station } from '../../../../ts/sockman/conformance/station.ts';

const AT = Service.parse('203.0.113.5:8333');

/** A station with so many connections to peers, and the record counts of the turns from then on. */
function crowd(count: number, options: Partial<BackendOptions> = {}) {
  const net = new MemoryNetwork();
  const station = new Station(net.createBackend, { acceptBatch: MAX_RECORDS, ...options });
  const counts: number[] = [];
  station.backend.start({
    turn(recordCount, isNewPass) {
      counts.push(recordCount);
      return station.turn(recordCount, isNewPass);
    },
    failed() {},
  });
  station.listen(AT, { backlog: count });
  const peers = Array.from({ length: count }, () => net.connect(AT));
  net.clock.runUntilIdle();
  const handles = station.accepted.map(({ handle }) => handle);
  return { net, station, peers, handles, counts };
}

describe('a turn', () => {
  it('accepts up to a full turn of records, and the rest in the next', () => {
    expect(crowd(MAX_RECORDS).counts).toEqual([MAX_RECORDS]);
    expect(crowd(MAX_RECORDS + 1).counts).toEqual([MAX_RECORDS, 1]);
  });

  it('reports up to a full turn of records, and the rest in the next, first come first served', () => {
    const { net, station, peers, handles, counts } = crowd(MAX_RECORDS + 1);
    counts.length = 0;
    const order: number[] = [];
    station.onRecord = (handle) => order.push(handle);
    for (const peer of peers) peer.send('.');
    net.clock.runUntilIdle();
    expect(counts).toEqual([MAX_RECORDS, 1]);
    expect(order).toEqual(handles);
  });

  it('takes as many full chunks as the slab has room for, and puts who has more behind who waits', () => {
    const chunkBytes = 64 * 1024;
    const { net, station, peers, handles, counts } = crowd(5, { receiveChunkBytes: chunkBytes });
    for (const handle of handles) station.setReceiving(handle, false);
    for (const peer of peers) peer.send(new Uint8Array(2 * chunkBytes));
    net.clock.runUntilIdle();
    counts.length = 0;
    const order: number[] = [];
    station.onRecord = (handle) => order.push(handles.indexOf(handle));
    for (const handle of handles) station.setReceiving(handle, true);
    net.clock.runUntilIdle();
    expect(counts.slice(0, 2)).toEqual([4, 4]);
    expect(order).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    for (const handle of handles) expect(station.of(handle).byteCount).toBe(2 * chunkBytes);
  });

  it('offers what there is to receive in the record that tells of room', () => {
    const { net, station, peers, handles } = crowd(1, { sendBufferBytes: 10 });
    const [peer, server] = [peers[0]!, handles[0]!];
    peer.pauseReading();
    while (station.send(server, new Uint8Array(1000)) > 0) net.clock.runUntilIdle();
    const flagsSeen: number[] = [];
    station.onRecord = (_handle, flags) => flagsSeen.push(flags);
    peer.send('to you');
    peer.resumeReading();
    net.clock.runUntilIdle();
    expect(flagsSeen).toEqual([RecordFlag.WRITABLE | RecordFlag.READABLE]);
    expect(station.of(server).events.slice(-3)).toEqual(['writable', 'readable', 'data 6']);
  });

  it('leaves a pause made in it to the turns after it', () => {
    const { net, station, peers, handles } = crowd(3);
    station.onRecord = () => {
      for (const handle of handles) station.backend.setReceiving(handle, false);
    };
    for (const peer of peers) peer.send('first');
    net.clock.runUntilIdle();
    for (const peer of peers) peer.send('second');
    net.clock.runUntilIdle();
    expect(handles.map((handle) => station.of(handle).text)).toEqual(['first', 'first', 'first']);
    for (const handle of handles) station.backend.setReceiving(handle, true);
    station.onRecord = () => {};
    net.clock.runUntilIdle();
    expect(handles.map((handle) => station.of(handle).text)).toEqual(Array(3).fill('firstsecond'));
  });

  it('does not come at all when nothing is left to report', () => {
    const { net, station, peers, handles, counts } = crowd(1);
    counts.length = 0;
    peers[0]!.send('x');
    net.clock.advance(0);
    peers[0]!.send('y');
    station.backend.close(handles[0]!);
    net.clock.runUntilIdle();
    expect(counts.every((count) => count > 0)).toBe(true);
  });
});
