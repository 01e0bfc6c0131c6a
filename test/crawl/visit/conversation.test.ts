// Conversations with peers that are bytes: what each comes to, wherever the bytes are split.

import { describe, expect, it } from 'vitest';

import { Conversation } from '../../../ts/crawl/visit/conversation.ts';
import type { Ending } from '../../../ts/crawl/visit/conversation.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { EncodedMessage, Message } from '../../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../../ts/p2p/messages/version.ts';
import type { Transport } from '../../../ts/p2p/transport/transport.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { sendAll } from '../../harness/peers/transport.ts';

const { magic } = CHAIN_PARAMS.regtest;
const OUR_NONCE = 77n;

/** A conversation that keeps what it said and heard. */
class Talk extends Conversation {
  readonly sent: Uint8Array[] = [];
  readonly heard: string[] = [];
  isReady = false;

  constructor(transport: Transport) {
    super({ magic, nonce: OUR_NONCE }, transport);
    this.begin(version({ nonce: OUR_NONCE }));
  }

  protected override transmit(bytes: Uint8Array): void {
    this.sent.push(Uint8Array.from(bytes));
  }

  protected override handshakeCompleted(): void {
    this.isReady = true;
  }

  protected override gotMessage(type: string): void {
    this.heard.push(type);
  }

  protected override afterVerack(): readonly EncodedMessage[] {
    return [encodeMessage({ type: 'getaddr' })];
  }

  /** Everything that a test looks at. */
  get state(): object {
    const { step, version: said, features, ending, heard, isReady, bytesReceived, bytesSent } = this;
    return { step, said, features, ending, heard, isReady, bytesReceived, bytesSent };
  }
}

function version(fields: Partial<Extract<Message, { type: 'version' }>> = {}): EncodedMessage {
  return encodeMessage({
    type: 'version',
    protocolVersion: 70_016,
    services: 0x409n,
    timeSeconds: 1_893_456_000,
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce: 5n,
    userAgent: '/peer:1/',
    startHeight: 7,
    relay: true,
    ...fields,
  });
}

/** Messages as V1 has them. */
function framed(network: Uint8Array, ...messages: readonly EncodedMessage[]): Uint8Array {
  const transport = new V1Transport(network);
  return Buffer.concat(
    messages.map((message) => {
      transport.setMessageToSend(message);
      const { toSend } = transport.getBytesToSend(false);
      const bytes = Uint8Array.from(toSend);
      transport.markBytesSent(bytes.length);
      return bytes;
    }),
  );
}

const VERACK = encodeMessage({ type: 'verack' });
const FEATURE = encodeMessage({ type: 'feature', featureId: 'test', featureData: new Uint8Array(1) });
const GREETINGS: Record<
  string,
  { bytes: Uint8Array; after: 'peer' | 'reset' | 'time'; ending: Ending | undefined; step: string }
> = {
  'a node': {
    bytes: framed(
      magic,
      version(),
      encodeMessage({ type: 'wtxidrelay' }),
      encodeMessage({ type: 'sendaddrv2' }),
      FEATURE,
      VERACK,
      encodeMessage({ type: 'ping', nonce: 3n }),
      encodeMessage({ type: 'sendheaders' }),
    ),
    after: 'peer',
    ending: undefined,
    step: 'addresses',
  },
  nobody: { bytes: new Uint8Array(0), after: 'time', ending: { outcome: 'silent' }, step: 'version' },
  'a full node': {
    bytes: new Uint8Array(0),
    after: 'peer',
    ending: { outcome: 'full', code: 'closed' },
    step: 'version',
  },
  'a full node that resets': {
    bytes: new Uint8Array(0),
    after: 'reset',
    ending: { outcome: 'full', code: 'reset' },
    step: 'version',
  },
  'half a version': {
    bytes: framed(magic, version()).subarray(0, 50),
    after: 'peer',
    ending: { outcome: 'disconnected', code: 'closed' },
    step: 'version',
  },
  'half a magic and no more': {
    bytes: magic.subarray(0, 2),
    after: 'time',
    ending: { outcome: 'silent' },
    step: 'version',
  },
  'a version without verack': {
    bytes: framed(magic, version()),
    after: 'time',
    ending: { outcome: 'timeout', code: 'handshake-timed-out' },
    step: 'verack',
  },
  'a version and a reset': {
    bytes: framed(magic, version()),
    after: 'reset',
    ending: { outcome: 'disconnected', code: 'reset' },
    step: 'verack',
  },
  'a version that is too short': {
    bytes: framed(magic, { type: 'version', payload: new Uint8Array(45) }, VERACK),
    after: 'peer',
    ending: { outcome: 'protocol-error', code: 'version-malformed' },
    step: 'version',
  },
  ourselves: {
    bytes: framed(magic, version({ nonce: OUR_NONCE })),
    after: 'peer',
    ending: { outcome: 'self' },
    step: 'version',
  },
  'a node of testnet4': {
    bytes: framed(CHAIN_PARAMS.testnet4.magic, version(), VERACK),
    after: 'peer',
    ending: { outcome: 'wrong-network', code: 'testnet4' },
    step: 'version',
  },
  'a node of a network without a name': {
    bytes: framed(Uint8Array.of(1, 2, 3, 4), version()),
    after: 'peer',
    ending: { outcome: 'wrong-network', code: '01020304' },
    step: 'version',
  },
  'a web server': {
    bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    after: 'peer',
    ending: { outcome: 'not-bitcoin', code: 'http' },
    step: 'version',
  },
  'a web server of one word': {
    bytes: Buffer.from('HTTP/1.0'),
    after: 'peer',
    ending: { outcome: 'not-bitcoin', code: 'http' },
    step: 'version',
  },
  'a TLS alert': {
    bytes: Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10),
    after: 'peer',
    ending: { outcome: 'not-bitcoin', code: 'tls' },
    step: 'version',
  },
  'an SSH banner': {
    bytes: Buffer.from('SSH-2.0-x\r\n'),
    after: 'time',
    ending: { outcome: 'not-bitcoin', code: 'ssh' },
    step: 'version',
  },
  garbage: {
    bytes: Buffer.from('\x01\x02garbage and more of it, and more of it'),
    after: 'peer',
    ending: { outcome: 'not-bitcoin', code: 'other' },
    step: 'version',
  },
  'a message that is too long': {
    bytes: Buffer.concat([magic, Buffer.from('version\0\0\0\0\0'), Buffer.from([1, 9, 61, 0, 0, 0, 0, 0])]),
    after: 'peer',
    ending: { outcome: 'protocol-error', code: 'message-too-long' },
    step: 'version',
  },
};

function hear(
  pieces: readonly Uint8Array[],
  after: 'peer' | 'reset' | 'time',
): { state: object; ending: Ending | undefined } {
  const talk = new Talk(new V1Transport(magic));
  for (const piece of pieces) if (piece.length > 0) talk.take(piece, 0);
  const ending = talk.endedBy(after);
  const { bytesReceived: _, ...state } = talk.state as { bytesReceived: number };
  return { state, ending };
}

describe('a conversation over V1', () => {
  it.each(Object.entries(GREETINGS))('with %s comes to the same wherever its bytes are split', (_name, greeting) => {
    const { bytes, after, ending, step } = greeting;
    const whole = hear([bytes], after);
    expect(whole.ending).toEqual(ending);
    expect(whole.state).toMatchObject({ step });
    for (let at = 1; at < bytes.length; at++) {
      expect(hear([bytes.subarray(0, at), bytes.subarray(at)], after)).toEqual(whole);
    }
    expect(
      hear(
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        after,
      ),
    ).toEqual(whole);
  });

  it('with a node knows what it said of itself, and answers its ping', () => {
    const { state } = hear([GREETINGS['a node']!.bytes], 'peer');
    expect(state).toMatchObject({
      isReady: true,
      features: ['wtxidrelay', 'sendaddrv2', 'feature:test'],
      heard: ['ping', 'sendheaders'],
      said: { protocolVersion: 70_016, services: 0x409n, userAgent: '/peer:1/', startHeight: 7, relay: true },
    });
  });

  it.each([46, 80, 81, 89, 93])('reads a version that ends after %i bytes as far as it goes', (length) => {
    const payload = version().payload.subarray(0, length);
    const { state } = hear([framed(magic, { type: 'version', payload })], 'peer');
    const { said } = state as { said: Record<string, unknown> };
    expect(said['protocolVersion']).toBe(70_016);
    expect(said['nonce']).toBe(length >= 80 ? 5n : undefined);
    expect(said['userAgent']).toBe(length >= 89 ? '/peer:1/' : undefined);
    expect(said['startHeight']).toBe(length >= 93 ? 7 : undefined);
  });

  it('asks for addrv2 only where the peer knows it', () => {
    const sent = (protocolVersion: number): string => {
      const talk = new Talk(new V1Transport(magic));
      talk.take(framed(magic, version({ protocolVersion })), 0);
      return Buffer.concat(talk.sent).toString('latin1');
    };
    expect(sent(70_016)).toContain('sendaddrv2');
    expect(sent(70_015)).not.toContain('sendaddrv2');
    expect(sent(70_015)).toMatch(/verack.*getaddr/s);
  });
});

/** Both ends of a V2 connection, moved on byte by byte or whole. */
function overV2(stepBytes: number): Talk {
  const peer = new V2Transport({ magic, isInitiator: false, randomBytes: seededBytes(1) });
  const talk = new Talk(new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(2) }));
  const toSay = [version(), encodeMessage({ type: 'sendaddrv2' }), VERACK];
  for (let heardCount = 0; !talk.isReady;) {
    for (const bytes of talk.sent.slice(heardCount)) {
      heardCount++;
      for (let offset = 0; offset < bytes.length;) {
        offset += peer.receivedBytes(bytes, offset) as number;
        if (peer.receivedMessageComplete()) peer.getReceivedMessage(0);
      }
    }
    if (toSay.length > 0 && peer.setMessageToSend(toSay[0]!)) toSay.shift();
    const { toSend } = peer.getBytesToSend(false);
    const bytes = Uint8Array.from(toSend);
    peer.markBytesSent(bytes.length);
    for (let at = 0; at < bytes.length; at += stepBytes) talk.take(bytes.subarray(at, at + stepBytes), 0);
  }
  return talk;
}

describe('a conversation over V2', () => {
  it.each([1, 2, 3, 15, 16, 17, 63, 64, 65, 10_000])('comes about in pieces of %i bytes', (stepBytes) => {
    const talk = overV2(stepBytes);
    expect(talk.state).toMatchObject({ step: 'addresses', features: ['sendaddrv2'], said: { userAgent: '/peer:1/' } });
  });

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'http'],
    ['SSH-2.0-OpenSSH_9.2p1\r\n', 'ssh'],
    ['\x15\x03\x03\x00\x02\x02\x0a', 'tls'],
  ])('knows the server that says %j to a key', (text, code) => {
    const talk = new Talk(new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(2) }));
    talk.take(Buffer.from(text, 'latin1'), 0);
    expect(talk.endedBy('peer')).toEqual({ outcome: 'not-bitcoin', code });
    expect(talk.shouldTryV1 && talk.endedBy('peer')?.outcome !== 'not-bitcoin').toBe(false);
  });

  it('is to be tried over V1 when the peer hangs up at once, or answers with V1', () => {
    const silent = new Talk(new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(2) }));
    expect(silent.endedBy('peer')).toEqual({ outcome: 'full', code: 'closed' });
    expect(silent.shouldTryV1).toBe(true);
    const old = new Talk(new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(2) }));
    old.take(framed(magic, version()), 0);
    expect(old.ending).toEqual({ outcome: 'disconnected', code: 'speaks-v1' });
    expect(old.shouldTryV1).toBe(true);
  });

  it('knows a V1 node of another network', () => {
    const talk = new Talk(new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(2) }));
    talk.take(framed(CHAIN_PARAMS.signet.magic, version()), 0);
    expect(talk.ending).toEqual({ outcome: 'wrong-network', code: 'signet' });
  });
});

describe('what a conversation says at once', () => {
  it('arrives whole and in order, however much it is', () => {
    const talk = new Talk(new V1Transport(magic));
    talk.take(framed(magic, version(), VERACK), 1);
    const { bytesSent } = talk;
    talk.sent.length = 0;
    const nonces = Array.from({ length: 400 }, (_, index) => BigInt(index));
    const long = { type: 'long', payload: new Uint8Array(20_000).fill(7) };
    talk.say(encodeMessage({ type: 'getaddr' }));
    talk.say(long);
    talk.take(framed(magic, ...nonces.map((nonce) => encodeMessage({ type: 'ping', nonce }))), 2);
    const pongs = nonces.map((nonce) => encodeMessage({ type: 'pong', nonce }));
    const expected = sendAll(new V1Transport(magic), [encodeMessage({ type: 'getaddr' }), long, ...pongs]);
    expect(Buffer.concat(talk.sent).equals(expected)).toBe(true);
    expect(talk.bytesSent - bytesSent).toBe(expected.length);
  });
});
