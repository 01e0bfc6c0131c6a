// The twelve-byte message type: ASCII, padded with zero bytes. Used by V1 headers and by the long form of V2.

import { MESSAGE_TYPES } from '../messages/message-types.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { MESSAGE_TYPE_BYTES } from './transport.ts';

const MIN_TYPE_CHAR = 0x20;
/** The highest character of a type that V1 accepts, and that either transport sends. */
export const MAX_TYPE_CHAR_V1 = 0x7e;
/** The highest character that V2 accepts in the long form. (Core src/net.cpp, V2Transport::GetMessageType) */
export const MAX_TYPE_CHAR_V2 = 0x7f;

/** A type with its field as three little-endian words. */
interface KnownField {
  readonly type: string;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly bytes: Uint8Array;
}

function readWord(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
}

/** Any mixing that keeps the known types apart will do: an unlucky unknown type only takes the slow path. */
function mix(word0: number, word1: number, word2: number): number {
  return word0 ^ Math.imul(word1, 0x9e37_79b1) ^ Math.imul(word2, 0x85eb_ca6b);
}

function encode(type: string): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_TYPE_BYTES);
  for (let i = 0; i < type.length; i++) bytes[i] = type.charCodeAt(i);
  return bytes;
}

const knownByName = new Map<string, KnownField>();
const knownByMix = new Map<number, KnownField>();
for (const type of MESSAGE_TYPES) {
  const bytes = encode(type);
  const field = { type, word0: readWord(bytes, 0), word1: readWord(bytes, 4), word2: readWord(bytes, 8), bytes };
  knownByName.set(type, field);
  knownByMix.set(mix(field.word0, field.word1, field.word2), field);
}

/**
 * Reads a type field.
 *
 * @param bytes - Holds the twelve bytes from `offset` on.
 * @param maxChar - Highest character accepted, `MAX_TYPE_CHAR_V1` or `MAX_TYPE_CHAR_V2`.
 * @returns The type, possibly empty; undefined when a character is out of range or anything but zeros follows a zero.
 */
export function readTypeField(bytes: Uint8Array, offset: number, maxChar: number): string | undefined {
  const word0 = readWord(bytes, offset);
  const word1 = readWord(bytes, offset + 4);
  const word2 = readWord(bytes, offset + 8);
  // Nearly every message has a known type: recognise those without building a string.
  const known = knownByMix.get(mix(word0, word1, word2));
  if (known !== undefined && known.word0 === word0 && known.word1 === word1 && known.word2 === word2) return known.type;
  return readUnknownType(bytes, offset, maxChar);
}

function readUnknownType(bytes: Uint8Array, offset: number, maxChar: number): string | undefined {
  const end = offset + MESSAGE_TYPE_BYTES;
  let type = '';
  let at = offset;
  for (; at < end && bytes[at] !== 0; at++) {
    const char = bytes[at]!;
    if (char < MIN_TYPE_CHAR || char > maxChar) return undefined;
    type += String.fromCharCode(char);
  }
  for (; at < end; at++) if (bytes[at] !== 0) return undefined;
  return type;
}

/**
 * The field of a type, for sending. Do not write to it: the fields of known types are shared.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a string of at most 12 printable ASCII characters.
 */
export function typeField(type: string): Uint8Array {
  const known = knownByName.get(type);
  if (known !== undefined) return known.bytes;
  if (typeof type !== 'string' || !/^[\x20-\x7e]{0,12}$/.test(type)) {
    throw invalidArg('message.type', `at most ${MESSAGE_TYPE_BYTES} printable ASCII characters`, type);
  }
  return encode(type);
}
