// Byte arrays and signals of another realm (`vm`, test runners) were refused: `instanceof` knows only its own.

import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { isBytes } from '../../ts/util/bytes/is-bytes.ts';
import { isAbortSignal } from '../../ts/util/time/when-aborted.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

const foreign = (text: string): Uint8Array =>
  runInNewContext('Uint8Array.from(bytes)', { bytes: [...Buffer.from(text)] }) as Uint8Array;

describeEachBackend('bytes of another realm', (stage) => {
  it('are sent by every way there is', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    expect(foreign('x')).not.toBeInstanceOf(Uint8Array);
    expect(probe.sendBytes(nodeId, foreign('one '))).toBe(4);
    expect([...probe.sendBytesMany([nodeId], foreign('two '))]).toEqual([4]);
    expect(probe.queueBytes(nodeId, foreign('three '))).toBe(0);
    probe.duplex(nodeId).write(foreign('four'));
    await until('the bytes', () => peer.bytes.toString() === 'one two three four');
  });
});

it.each([
  ['a Uint8Array', new Uint8Array(1), true],
  ['a Buffer', Buffer.alloc(1), true],
  ['a Uint8Array of another realm', foreign('x'), true],
  ['another typed array', new Int8Array(1), false],
  [
    'a DataView that pretends',
    Object.defineProperty(new DataView(new ArrayBuffer(1)), Symbol.toStringTag, { value: 'Uint8Array' }),
    false,
  ],
  ['text', 'x', false],
  ['null', null, false],
])('%s is told from what is no byte array', (_title, value, expected) => {
  expect(isBytes(value)).toBe(expected);
});

it('a transport takes the network magic of another realm', () => {
  expect(() => new V1Transport(foreign('abcd'))).not.toThrow();
  expect(() => new V1Transport(foreign('abc'))).toThrow('magic');
});

it('an AbortSignal of another realm is one', () => {
  const signal: unknown = runInNewContext('new Signal()', {
    Signal: class extends EventTarget {
      readonly aborted = false;
    },
  });
  expect(isAbortSignal(signal)).toBe(true);
  expect([null, {}, new EventTarget(), 'signal'].map(isAbortSignal)).toEqual([false, false, false, false]);
});
