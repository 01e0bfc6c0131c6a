// The other end of a V2 connection, for tests that say exactly what goes over the wire: any garbage, decoys, versions,
// and packets no transport of ours would send.

import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import type { EllSwiftKeyPair, RandomBytes } from '../../../ts/p2p/bip324/ellswift.ts';
import { createSession } from '../../../ts/p2p/bip324/key-schedule.ts';
import type { Session } from '../../../ts/p2p/bip324/key-schedule.ts';
import {
  DECOY_BIT,
  HEADER_BYTES,
  LENGTH_BYTES,
  MAX_SHORT_CONTENTS_BYTES,
  PACKET_OVERHEAD_BYTES,
} from '../../../ts/p2p/bip324/packets.ts';

const NO_BYTES = new Uint8Array(0);

/** How to seal one packet. */
export interface PacketOptions {
  aad?: Uint8Array;
  isDecoy?: boolean;
}

/** Seals one packet of any size. */
export function sealPacket(session: Session, contents: Uint8Array, options: PacketOptions = {}): Uint8Array {
  const { aad = NO_BYTES, isDecoy = false } = options;
  const header = Uint8Array.of(isDecoy ? DECOY_BIT : 0);
  const packet = new Uint8Array(contents.length + PACKET_OVERHEAD_BYTES);
  if (contents.length <= MAX_SHORT_CONTENTS_BYTES) {
    session.sealer.sealShort(aad, header, contents, packet);
  } else {
    const sealer = session.sealer.sealLong(aad, contents.length, packet);
    packet.set(sealer.update(header), LENGTH_BYTES);
    packet.set(sealer.update(contents), LENGTH_BYTES + HEADER_BYTES);
    packet.set(sealer.finish(), LENGTH_BYTES + HEADER_BYTES + contents.length);
  }
  return packet;
}

/** A packet as it came out. */
export interface OpenedPacket {
  isDecoy: boolean;
  contents: Uint8Array;
}

/** Opens the packets that `bytes` consists of. Throws where one does not open. */
export function openPackets(session: Session, bytes: Uint8Array, firstAad: Uint8Array = NO_BYTES): OpenedPacket[] {
  const packets: OpenedPacket[] = [];
  let aad = firstAad;
  for (let at = 0; at < bytes.length;) {
    const length = session.opener.openLength(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
    const textEnd = at + LENGTH_BYTES + HEADER_BYTES + length;
    const opener = session.opener.openLong(aad, length);
    const text = opener.update(bytes.subarray(at + LENGTH_BYTES, textEnd));
    if (!opener.finish(bytes.subarray(textEnd, textEnd + 16))) throw new Error(`packet at ${at} does not open`);
    packets.push({ isDecoy: (text[0]! & DECOY_BIT) !== 0, contents: text.slice(HEADER_BYTES) });
    at = textEnd + 16;
    aad = NO_BYTES;
  }
  return packets;
}

/** One side, step by step. */
export class ScriptedV2Peer {
  readonly keyPair: EllSwiftKeyPair;
  readonly #isInitiator: boolean;
  readonly #magic: Uint8Array;
  #session: Session | undefined;

  constructor(isInitiator: boolean, magic: Uint8Array, random: RandomBytes) {
    this.keyPair = createKeyPair(random);
    this.#isInitiator = isInitiator;
    this.#magic = magic;
  }

  /** There after `receiveKey`. */
  get session(): Session {
    if (this.#session === undefined) throw new Error('receiveKey comes first');
    return this.#session;
  }

  /** @param theirs - What the other side sent, beginning with its 64-byte key. */
  receiveKey(theirs: Uint8Array): void {
    this.#session = createSession(this.keyPair, theirs.slice(0, 64), this.#isInitiator, this.#magic);
  }

  seal(contents: Uint8Array, options?: PacketOptions): Uint8Array {
    return sealPacket(this.session, contents, options);
  }

  /** Terminator and an empty version packet that authenticates `garbage`. */
  finish(garbage: Uint8Array): Uint8Array {
    return new Uint8Array(Buffer.concat([this.session.sendTerminator, this.seal(NO_BYTES, { aad: garbage })]));
  }
}
