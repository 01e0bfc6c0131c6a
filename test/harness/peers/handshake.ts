// Runs a handshake against a script, with the bytes of the other side cut into any pieces.

import type { Handshake, HandshakeOutcome } from '../../../ts/sockman/dial/dial.ts';
import type { DialFailure } from '../../../ts/sockman/dial/failure.ts';

export interface ScriptRun<Result> {
  /** Everything we sent, one entry for each time. */
  sent: string[];
  result?: Result;
  leftover?: string;
  failure?: DialFailure;
  stillRunning: boolean;
}

/** Bytes from hex (spaces allowed) or, after `text:`, from Latin-1 text. */
export function bytesOf(text: string): Uint8Array {
  if (text.startsWith('text:')) return Buffer.from(text.slice(5), 'latin1');
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** All ways to cut `bytes` in two, the uncut bytes first, and at last one byte at a time. */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield [...bytes].map((byte) => Uint8Array.of(byte));
}

/** Starts a handshake and answers each time it says something with the next of `answers`, cut into chunks already. */
export function runHandshake<Result>(handshake: Handshake<Result>, answers: Uint8Array[][]): ScriptRun<Result> {
  const run: ScriptRun<Result> = { sent: [], stillRunning: true };
  const take = (outcome: HandshakeOutcome<Result>): void => {
    if (outcome.state === 'more') {
      if (outcome.send !== undefined) run.sent.push(Buffer.from(outcome.send).toString('hex'));
      return;
    }
    run.stillRunning = false;
    if (outcome.state === 'failed') run.failure = outcome.failure;
    else {
      run.result = outcome.result;
      run.leftover = Buffer.from(outcome.leftover).toString('hex');
    }
  };
  take(handshake.start());
  for (const chunks of answers) {
    for (const chunk of chunks) {
      if (run.stillRunning) take(handshake.receive(chunk));
      // What comes after the end belongs to the next owner of the socket.
      else if (run.leftover !== undefined) run.leftover += Buffer.from(chunk).toString('hex');
    }
  }
  return run;
}
