// Addresses on the wire: the legacy sixteen-byte form of `addr` and `version`, and BIP 155's form of `addrv2`, the
// fixed seeds and the files.
//
// The fields around an address (time, services) belong to the messages. (Bitcoin Core src/netaddress.h, BIP 155)

import type { ByteReader, ByteWriter } from '../util/bytes/bytes.ts';
import { DecodeError } from '../util/errors/errors.ts';
import { isIPv4Mapped, isTorV2, toIPv6Form } from './networks/embedded.ts';
import { NetAddress } from './net-address.ts';
import { NETWORK_BYTES } from './networks/network.ts';
import type { NetworkName, RawAddress } from './networks/network.ts';
import { Service } from './service.ts';

/** Longest address that the BIP 155 form may hold, in bytes, whatever its network. (BIP 155) */
export const MAX_ADDRV2_BYTES = 512;

/** BIP 155's numbers. It also has 3 (Tor v2, obsolete) and 7 (Yggdrasil), which are read as unknown ones are. */
const BIP155_IDS: Readonly<Record<Exclude<NetworkName, 'internal'>, number>> = {
  ipv4: 1,
  ipv6: 2,
  onion: 4,
  i2p: 5,
  cjdns: 6,
};

/**
 * Reads the legacy form of an address.
 *
 * | offset | size | type | meaning |
 * |---|---|---|---|
 * | 0 | 16 | bytes | IPv6 address, or IPv4 or internal address in its IPv6 form; Tor v2 becomes `::` |
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short.
 */
export function readAddressV1(reader: ByteReader): NetAddress {
  return NetAddress.fromIPv6Bytes(reader.bytesCopy(16));
}

/** Writes the legacy form of an address: sixteen zero bytes for onion, I2P and CJDNS, which have none. */
export function writeAddressV1(writer: ByteWriter, address: NetAddress): void {
  writer.bytes(toIPv6Form(address) ?? NetAddress.UNSPECIFIED.bytes);
}

/**
 * Reads the BIP 155 form of an address.
 *
 * | offset | size | type | meaning | a bad value |
 * |---|---|---|---|---|
 * | 0 | 1 | uint8 | network: 1 IPv4, 2 IPv6, 4 Tor v3, 5 I2P, 6 CJDNS | unknown: the address becomes `::` |
 * | 1 | 1, 3, 5, 9 | CompactSize | length n | above 512, or not the network's: `DecodeError` |
 * | … | n | bytes | address | IPv4 or Tor v2 in its IPv6 form: the address becomes `::` |
 *
 * An address that becomes `::` is invalid, costs its sender what any address costs, and leaves its neighbours alone.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short, or a length as in the table.
 */
export function readAddressV2(reader: ByteReader): NetAddress {
  const { network, byteCount } = readAddressHeadV2(reader);
  if (network === undefined) {
    reader.skip(byteCount);
    return NetAddress.UNSPECIFIED;
  }
  const bytes = reader.bytesCopy(byteCount);
  if (network !== 'ipv6') return new NetAddress(network, bytes);
  // There is one way to write an IPv4 address in this form; a second one would let a peer send it twice.
  return isIPv4Mapped(bytes) || isTorV2(bytes) ? NetAddress.UNSPECIFIED : NetAddress.fromIPv6Bytes(bytes);
}

/** Skips the BIP 155 form of an address. @throws {DecodeError} As `readAddressV2`. */
export function skipAddressV2(reader: ByteReader): void {
  reader.skip(readAddressHeadV2(reader).byteCount);
}

/** Network and length of an address in BIP 155 form. */
function readAddressHeadV2(reader: ByteReader): { network: NetworkName | undefined; byteCount: number } {
  const network = networkOfId(reader.uint8());
  const lengthOffset = reader.offset;
  const byteCount = reader.compactSize(MAX_ADDRV2_BYTES);
  if (network !== undefined && byteCount !== NETWORK_BYTES[network]) {
    throw new DecodeError(`${byteCount} bytes of address for network ${network}`, lengthOffset);
  }
  return { network, byteCount };
}

/** Writes the BIP 155 form of an address; an internal one goes as IPv6. */
export function writeAddressV2(writer: ByteWriter, { network, bytes }: RawAddress): void {
  writeAddressV2At(writer, network, bytes, 0);
}

/** `writeAddressV2` of an address whose bytes begin somewhere in an array that holds many: nothing is made for it. */
export function writeAddressV2At(writer: ByteWriter, network: NetworkName, bytes: Uint8Array, start: number): void {
  const end = start + NETWORK_BYTES[network];
  if (network === 'internal') {
    writer.uint8(BIP155_IDS.ipv6).varBytes(toIPv6Form({ network, bytes: bytes.subarray(start, end) })!);
    return;
  }
  writer.uint8(BIP155_IDS[network]).compactSize(end - start);
  for (let index = start; index < end; index++) writer.uint8(bytes[index]!);
}

/** Reads an address in legacy form, then the port, high byte first: 18 bytes. */
export function readServiceV1(reader: ByteReader): Service {
  const address = readAddressV1(reader);
  return new Service(address, reader.uint16BE());
}

/** Writes an address in legacy form, then the port, high byte first: 18 bytes. */
export function writeServiceV1(writer: ByteWriter, service: Service): void {
  writeAddressV1(writer, service.address);
  writer.uint16BE(service.port);
}

/** Reads an address in BIP 155 form, then the port, high byte first. */
export function readServiceV2(reader: ByteReader): Service {
  const address = readAddressV2(reader);
  return new Service(address, reader.uint16BE());
}

/** Writes an address in BIP 155 form, then the port, high byte first. */
export function writeServiceV2(writer: ByteWriter, service: Service): void {
  writeAddressV2(writer, service.address);
  writer.uint16BE(service.port);
}

function networkOfId(id: number): NetworkName | undefined {
  switch (id) {
    case BIP155_IDS.ipv4:
      return 'ipv4';
    case BIP155_IDS.ipv6:
      return 'ipv6';
    case BIP155_IDS.onion:
      return 'onion';
    case BIP155_IDS.i2p:
      return 'i2p';
    case BIP155_IDS.cjdns:
      return 'cjdns';
    default:
      return undefined;
  }
}
