// A villager's end of one connection: what it sends, according to its kind.

import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { EncodedMessage } from '../../p2p/messages/registry.ts';
import type { Transport } from '../../p2p/transport/transport.ts';
import { V1Transport } from '../../p2p/transport/v1.ts';
import { V2Transport } from '../../p2p/transport/v2.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Drips } from './drips.ts';
import { speaksV1, speaksV2 } from './villager.ts';
import type { Villager } from './villager.ts';

const HTTP_ANSWER = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const SSH_BANNER = 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n';
/** A fatal alert: unexpected message. (RFC 8446 section 6) */
const TLS_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10);
const TEN_YEARS_SECONDS = 315_576_000;
const VERACK = encodeMessage({ type: 'verack' });
const WTXID_RELAY = encodeMessage({ type: 'wtxidrelay' });
const SEND_ADDR_V2 = encodeMessage({ type: 'sendaddrv2' });
/** Longest payload that a node accepts, in bytes. */
const LONGEST_PAYLOAD_BYTES = 4_000_000;

/** Most bytes that may wait for a crawler that does not read: enough for a flooder. */
const MAX_UNSENT_BYTES = 2 ** 26;

/** Number of messages of that length that a flooder sends at a time. */
const FLOOD_MESSAGES = 4;

/** Gives the messages with the addresses that a villager tells. */
export type Answers = (villager: Villager, wantsV2: boolean) => readonly EncodedMessage[];

/** Collaborators of a `VillagerLink`. */
export interface LinkParts {
  readonly magic: Uint8Array;
  /** The magic of another network. */
  readonly foreignMagic: Uint8Array;
  readonly randomBytes: RandomBytes;
  readonly clock: Clock;
  readonly sockets: Pick<SockMan, 'queueBytes' | 'endConnection' | 'resetConnection'>;
  readonly drips: Drips;
  readonly answers: Answers;
}

/** One connection whose villager is known. */
export class VillagerLink {
  readonly villager: Villager;
  readonly #parts: LinkParts;
  readonly #nodeId: number;
  readonly #transport: Transport;
  #wantsAddrV2 = false;
  #hasVersion = false;
  #isGreeted = false;
  #toSay: EncodedMessage[] = [];

  constructor(parts: LinkParts, villager: Villager, nodeId: number) {
    this.#parts = parts;
    this.villager = villager;
    this.#nodeId = nodeId;
    const { magic, randomBytes } = parts;
    this.#transport = speaksV2(villager.kind)
      ? new V2Transport({ magic, isInitiator: false, randomBytes })
      : new V1Transport(magic);
  }

  /** The connection is made. */
  begin(): void {
    const { kind, isPresent } = this.villager;
    if (!isPresent || kind === 'full') return this.#close();
    if (kind === 'full-reset') return this.#reset();
    if (kind === 'wrong-network') this.#send(framed(this.#parts.foreignMagic, this.#version()));
    if (kind === 'ssh') this.#send(Buffer.from(SSH_BANNER, 'latin1'));
    if (kind === 'tarpit') this.#parts.drips.add(this.#nodeId, framed(this.#parts.magic, this.#version()));
  }

  /** Announces something, once the handshake is complete. */
  announce(message: EncodedMessage): void {
    if (!this.#isGreeted) return;
    this.#say(message);
    this.#flush();
  }

  /** @param data - Lent for the call. */
  take(data: Uint8Array): void {
    switch (this.villager.kind) {
      case 'silent':
      case 'tarpit':
      case 'ssh':
      case 'wrong-network':
        return;
      case 'echo':
        this.#send(data.slice());
        return;
      case 'http':
        return this.#sendLast(Buffer.from(HTTP_ANSWER, 'latin1'));
      case 'tls':
        return this.#sendLast(TLS_ALERT);
      default:
        this.#takeMessages(data);
    }
  }

  #sendLast(bytes: Uint8Array): void {
    this.#send(bytes);
    this.#close();
  }

  #takeMessages(data: Uint8Array): void {
    const transport = this.#transport;
    for (let offset = 0; offset < data.length;) {
      const taken = transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') return this.#close();
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      if (!speaksV1(this.villager.kind) && transport.getInfo().transportType === 'v1') {
        return this.#close();
      }
      const { type, payload } = transport.getReceivedMessage(0);
      if (!this.#answer(type, payload)) return;
    }
    this.#flush();
  }

  /** @returns Whether the connection goes on. */
  #answer(type: string, payload: Uint8Array): boolean {
    const { kind } = this.villager;
    if (type === 'version') return this.#answerVersion();
    if (type === 'sendaddrv2') this.#wantsAddrV2 = true;
    if (type === 'verack') this.#isGreeted = true;
    if (type === 'ping') this.#say({ type: 'pong', payload });
    if (type !== 'getaddr') return true;
    if (kind === 'resets-at-getaddr') {
      this.#reset();
      return false;
    }
    if (kind === 'flooder') this.#flood();
    for (const message of this.#parts.answers(this.villager, this.#wantsAddrV2)) this.#say(message);
    return true;
  }

  #answerVersion(): boolean {
    if (this.#hasVersion) return true;
    this.#hasVersion = true;
    const { kind, protocolVersion } = this.villager;
    if (kind === 'ends-in-version') {
      const half = framed(this.#parts.magic, this.#version());
      this.#sendLast(half.subarray(0, half.length >> 1));
      return false;
    }
    if (kind === 'too-long') {
      this.#sendLast(tooLong(this.#parts.magic));
      return false;
    }
    this.#say(this.#version());
    if (kind === 'resets-at-verack') {
      this.#flush();
      this.#reset();
      return false;
    }
    if (protocolVersion >= 70_016) this.#say(WTXID_RELAY, SEND_ADDR_V2);
    this.#say(VERACK);
    return true;
  }

  /** Sends more than any peer accepts. */
  #flood(): void {
    const message = { type: 'flood', payload: new Uint8Array(LONGEST_PAYLOAD_BYTES) };
    for (let count = 0; count < FLOOD_MESSAGES; count++) this.#say(message);
  }

  #version(): EncodedMessage {
    const { kind, protocolVersion, services, userAgent, startHeight, relay } = this.villager;
    const aheadSeconds = kind === 'time-liar' ? TEN_YEARS_SECONDS : 0;
    const writer = new ByteWriter(userAgent.length + 96);
    writer.int32LE(protocolVersion).uint64LE(services);
    writer.int64LE(BigInt(Math.floor(this.#parts.clock.wallTimeMs() / 1_000) + aheadSeconds));
    writer.bytes(NO_ADDRESSES).uint64LE(BigInt(this.villager.index) + 1n);
    writer.varBytes(userAgent).int32LE(startHeight).bool(relay);
    return { type: 'version', payload: writer.finish() };
  }

  #send(bytes: Uint8Array): void {
    this.#parts.sockets.queueBytes(this.#nodeId, bytes, { limitBytes: MAX_UNSENT_BYTES });
  }

  #close(): void {
    this.#parts.sockets.endConnection(this.#nodeId);
  }

  #reset(): void {
    this.#parts.sockets.resetConnection(this.#nodeId);
  }

  #say(...messages: EncodedMessage[]): void {
    this.#toSay.push(...messages);
  }

  #flush(): void {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const next = this.#toSay[0];
      if (next !== undefined && this.#transport.setMessageToSend(next)) this.#toSay.shift();
      const { toSend } = this.#transport.getBytesToSend(this.#toSay.length > 0);
      if (toSend.length === 0) break;
      pieces.push(toSend.slice());
      this.#transport.markBytesSent(toSend.length);
    }
    if (pieces.length > 0) this.#send(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  }
}

/** Both addresses of a `version` with their services, all zeros. */
const NO_ADDRESSES = new Uint8Array(52);

function framed(magic: Uint8Array, message: EncodedMessage): Uint8Array {
  const transport = new V1Transport(magic);
  transport.setMessageToSend(message);
  const { toSend } = transport.getBytesToSend(false);
  const first = toSend.slice();
  transport.markBytesSent(first.length);
  return Buffer.concat([first, transport.getBytesToSend(false).toSend]);
}

/** A header that announces one byte more than a payload may have. */
function tooLong(magic: Uint8Array): Uint8Array {
  const writer = new ByteWriter().bytes(magic).bytes(Buffer.from('version\0\0\0\0\0', 'latin1'));
  return writer
    .uint32LE(LONGEST_PAYLOAD_BYTES + 1)
    .uint32LE(0)
    .finish();
}
