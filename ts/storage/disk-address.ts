// An address with time and services in the form of `peers.dat` and `anchors.dat`.
//
// | size | type | field |
// |---|---|---|
// | 4 | uint32 | encoding: 2^29 new, 0 old; the low 19 bits once held a client version and are ignored |
// | 4 | uint32 | time |
// | 1 to 9 | CompactSize | services; old: uint64 |
// | 3 to 515 | BIP 155 | address; old: 16 bytes |
// | 2 | uint16, big-endian | port |
//
// (Bitcoin Core src/protocol.h, class CAddress, its disk format)

import { readServiceV1, readServiceV2, writeServiceV2 } from '../netaddr/encoding.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import type { ByteReader, ByteWriter } from '../util/bytes/bytes.ts';
import { DecodeError } from '../util/errors/errors.ts';

/** Written by every release since 0.21: the new encoding, and the client version that stands in its place for ever. */
const WRITTEN_ENCODING = 0x2003_5b60;

/** The bits that say which encoding it is, and their one value beside zero. */
const ENCODING_MASK = 0xfff8_0000;
const NEW_ENCODING = 0x2000_0000;

/**
 * Reads a record.
 *
 * @param isNewEncodingKnown - False in files from before the new encoding, where it is an error.
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short, an unknown encoding, or a length or number in a form that no
 *   writer uses.
 */
export function readDiskAddress(reader: ByteReader, isNewEncodingKnown: boolean = true): PeerAddress {
  const start = reader.offset;
  const encoding = (reader.uint32LE() & ENCODING_MASK) >>> 0;
  if (encoding !== 0 && !(encoding === NEW_ENCODING && isNewEncodingKnown)) {
    throw new DecodeError(`unknown address encoding 0x${encoding.toString(16)}`, start);
  }
  const isNew = encoding === NEW_ENCODING;
  const timeSeconds = reader.uint32LE();
  const services = isNew ? reader.compactNumber() : reader.uint64LE();
  return { timeSeconds, services, service: isNew ? readServiceV2(reader) : readServiceV1(reader) };
}

/** Writes a record in the new encoding. */
export function writeDiskAddress(writer: ByteWriter, { timeSeconds, services, service }: PeerAddress): void {
  writeTimeAndServices(writer, timeSeconds, services);
  writeServiceV2(writer, service);
}

/** Writes the fields before the address in a record of the new encoding. */
export function writeTimeAndServices(writer: ByteWriter, timeSeconds: number, services: number | bigint): void {
  writer.uint32LE(WRITTEN_ENCODING).uint32LE(timeSeconds).compactSize(services);
}
