// What proxies send: SOCKS5, SAM, Tor's control port. The first byte chooses; a stream in pieces means the same as whole.

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { Handshake } from '../../../ts/sockman/dial/dial.ts';
import * as sam from '../../../ts/sockman/dial/sam.ts';
import { parseSamReply } from '../../../ts/sockman/dial/sam-line.ts';
import { Socks5Handshake } from '../../../ts/sockman/dial/socks5.ts';
import { TorReplyReader } from '../../../ts/tor/reply-reader.ts';
import { parseReplyValues } from '../../../ts/tor/reply-values.ts';
import { bytesOf, chosen, pieces, same, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const I2P = NetAddress.parse(`${'a'.repeat(52)}.b32.i2p`);

const MORE = 'more bytes than were asked for';

/** How a handshake that gets this stream ends: with a failure, with a result and the bytes behind it, or not yet. */
function endOf(handshake: Handshake<unknown>, chunks: Iterable<Uint8Array>, mayHaveMore: boolean): unknown {
  handshake.start();
  let done: { result: string; left: number } | undefined;
  for (const chunk of chunks) {
    if (done !== undefined) {
      done.left += chunk.length;
      continue;
    }
    const outcome = handshake.receive(chunk);
    // Bytes behind the end: in the next piece they are somebody else's matter.
    if (outcome.state === 'failed') return outcome.failure.code === 'sam-unasked-bytes' ? MORE : outcome.failure.code;
    if (outcome.state === 'done') done = { result: String(outcome.result), left: outcome.leftover.length };
  }
  if (done !== undefined && done.left > 0 && !mayHaveMore) return MORE;
  return done ?? handshake.step;
}

function tryHandshake(create: () => Handshake<unknown>, mayHaveMore = false) {
  return (stream: Uint8Array): void => {
    same('a proxy in pieces', endOf(create(), pieces(stream), mayHaveMore), endOf(create(), [stream], mayHaveMore));
  };
}

function tryTor(stream: Uint8Array): void {
  const repliesOf = (chunks: Iterable<Uint8Array>): unknown[] => {
    const reader = new TorReplyReader();
    const replies: unknown[] = [];
    for (const chunk of chunks) {
      const failure = reader.push(chunk, (reply) => replies.push(reply));
      if (failure !== undefined) return [...replies, failure];
    }
    return replies;
  };
  same('Tor in pieces', repliesOf(pieces(stream)), repliesOf([stream]));
}

const ENDS = [
  tryHandshake(() => new Socks5Handshake('example.org', 80), true),
  tryHandshake(() => new Socks5Handshake('example.org', 80, { username: 'u', password: 'p' }), true),
  tryHandshake(() => sam.samHello()),
  tryHandshake(() => sam.samGenerateDestination()),
  tryHandshake(() => sam.samLookup(I2P)),
  tryHandshake(() => sam.samConnect('id', 'x'), true),
  tryHandshake(() => sam.samAcceptedPeer(), true),
  tryTor,
  (stream: Uint8Array) => void parseSamReply(textOf(stream)),
  (stream: Uint8Array) => void parseReplyValues(textOf(stream)),
];

export const target: FuzzTarget = {
  words: [
    'HELLO REPLY',
    'RESULT=OK',
    'VERSION=3.1',
    'DEST REPLY',
    'PUB=',
    'PRIV=',
    'NAMING REPLY',
    'VALUE=',
    'STREAM STATUS',
    '250 OK',
    '250-',
    '250+',
  ],
  seeds: () => [
    Uint8Array.of(0, 5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80),
    Uint8Array.of(1, 5, 2, 1, 0, 5, 0, 0, 3, 1, 97, 0, 80),
    Uint8Array.of(2, ...bytesOf('HELLO REPLY RESULT=OK VERSION=3.1\n')),
    Uint8Array.of(4, ...bytesOf('NAMING REPLY RESULT=OK NAME=a VALUE=b\n')),
    Uint8Array.of(5, ...bytesOf('STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="no way"\n')),
    Uint8Array.of(7, ...bytesOf('250-AUTH METHODS=COOKIE COOKIEFILE="/a\\"b"\r\n250+X=\r\nline\r\n.\r\n250 OK\r\n')),
    Uint8Array.of(9, ...bytesOf('METHODS=NULL,COOKIE COOKIEFILE="/run/tor \\\\ \\101"')),
  ],
  run(input) {
    const [tryEnd, stream] = chosen(input, ENDS);
    tryEnd(stream);
  },
};
