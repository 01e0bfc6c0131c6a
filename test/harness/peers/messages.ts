// Arbitrary messages of every type, for property tests of codecs and of whatever handles messages.

import fc from 'fast-check';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { BlockHeader } from '../../../ts/p2p/messages/block-header.ts';
import { writeBlockHeader } from '../../../ts/p2p/messages/block-header.ts';
import type { MessageType } from '../../../ts/p2p/messages/message-types.ts';
import { decodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { MessageMap } from '../../../ts/p2p/messages/registry.ts';
import { sanitizeUserAgent } from '../../../ts/p2p/messages/version.ts';
import { ByteWriter } from '../../../ts/util/bytes/bytes.ts';

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const hashes = fc.array(hash, { maxLength: 8 });

function exactly(byteCount: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: byteCount, maxLength: byteCount });
}

const ipv4 = exactly(4).map((bytes) => new NetAddress('ipv4', bytes));
/** Sixteen bytes that mean themselves, not an address of another network in disguise. */
const ipv6 = exactly(16)
  .map((bytes) => NetAddress.fromIPv6Bytes(bytes))
  .filter((address) => address.network === 'ipv6');

/** Addresses that the legacy form can hold. */
const v1Address = fc.oneof(ipv4, ipv6);
/** Addresses of every network. */
const netAddressArbitrary = fc.oneof(
  v1Address,
  exactly(32).map((bytes) => new NetAddress('onion', bytes)),
  exactly(32).map((bytes) => new NetAddress('i2p', bytes)),
  exactly(16).map((bytes) => new NetAddress('cjdns', bytes)),
);

function serviceOf(address: fc.Arbitrary<NetAddress>): fc.Arbitrary<Service> {
  return fc.tuple(address, uint16).map(([host, port]) => new Service(host, port));
}

function peerAddressOf(address: fc.Arbitrary<NetAddress>) {
  return fc.record({ timeSeconds: uint32, services: uint64, service: serviceOf(address) });
}

const versionAddress = fc.record({ services: uint64, service: serviceOf(v1Address) });
const userAgent = fc
  .uint8Array({ maxLength: 256 })
  .map((bytes) => sanitizeUserAgent(bytes.map((byte) => 0x20 + (byte % 0x5f))));

const header: fc.Arbitrary<BlockHeader> = fc.record({
  version: int32,
  previousBlockHash: hash,
  merkleRoot: hash,
  timeSeconds: uint32,
  bits: uint32,
  nonce: uint32,
});

const inventory = fc.array(fc.record({ type: uint32, hash }), { maxLength: 8 });
const indexes = fc.uniqueArray(uint16, { maxLength: 8 }).map((values) => values.sort((a, b) => a - b));

/** Messages that keep their payload, made from its parts by hand. */
function rawMessage<T extends 'block' | 'cmpctblock' | 'blocktxn'>(
  type: T,
  write: (writer: ByteWriter, first: BlockHeader, rest: Uint8Array) => void,
): fc.Arbitrary<MessageMap[T]> {
  return fc.tuple(header, fc.uint8Array({ maxLength: 100 })).map(([first, rest]) => {
    const writer = new ByteWriter();
    write(writer, first, rest);
    return decodeMessage(type, writer.finish());
  });
}

function message<T extends MessageType>(
  type: T,
  fields: { [K in keyof Omit<MessageMap[T], 'type' | 'exceedsLimit'>]: fc.Arbitrary<MessageMap[T][K]> },
): fc.Arbitrary<MessageMap[T]> {
  return fc.record({ type: fc.constant(type), ...fields }) as unknown as fc.Arbitrary<MessageMap[T]>;
}

/** For each type, messages that are within every limit. */
export const messageArbitraries: { readonly [T in MessageType]: fc.Arbitrary<MessageMap[T]> } = {
  version: message('version', {
    protocolVersion: int32,
    services: uint64,
    timeSeconds: fc.maxSafeNat(),
    receiver: versionAddress,
    sender: versionAddress,
    nonce: uint64,
    userAgent,
    startHeight: int32,
    relay: fc.boolean(),
  }),
  verack: message('verack', {}),
  addr: message('addr', { addresses: fc.array(peerAddressOf(v1Address), { maxLength: 8 }) }),
  addrv2: message('addrv2', { addresses: fc.array(peerAddressOf(netAddressArbitrary), { maxLength: 8 }) }),
  sendaddrv2: message('sendaddrv2', {}),
  inv: message('inv', { items: inventory }),
  getdata: message('getdata', { items: inventory }),
  merkleblock: message('merkleblock', {
    header,
    transactionCount: uint32,
    hashes,
    flags: fc.uint8Array({ maxLength: 20 }),
  }),
  getblocks: message('getblocks', { locator: hashes, stopHash: hash }),
  getheaders: message('getheaders', { locator: hashes, stopHash: hash }),
  tx: message('tx', { payload: fc.uint8Array({ maxLength: 100 }) }),
  headers: message('headers', { headers: fc.array(header, { maxLength: 4 }) }),
  block: rawMessage('block', (writer, first, rest) => {
    writeBlockHeader(writer, first);
    writer.compactSize(rest.length).bytes(rest);
  }),
  getaddr: message('getaddr', {}),
  mempool: message('mempool', {}),
  ping: message('ping', { nonce: fc.option(uint64, { nil: undefined }) }),
  pong: message('pong', { nonce: fc.option(uint64, { nil: undefined }) }),
  notfound: message('notfound', { items: inventory }),
  filterload: message('filterload', {
    filter: fc.uint8Array({ maxLength: 100 }),
    hashFunctionCount: fc.integer({ min: 0, max: 50 }),
    tweak: uint32,
    flags: uint8,
  }),
  filteradd: message('filteradd', { element: fc.uint8Array({ maxLength: 520 }) }),
  filterclear: message('filterclear', {}),
  sendheaders: message('sendheaders', {}),
  feefilter: message('feefilter', { feeRateSatPerKvB: int64 }),
  sendcmpct: message('sendcmpct', { announce: uint8, version: uint64 }),
  cmpctblock: rawMessage('cmpctblock', (writer, first, rest) => {
    writeBlockHeader(writer, first);
    const shortIds = rest.subarray(0, rest.length - (rest.length % 6));
    writer
      .uint64LE(7n)
      .compactSize(shortIds.length / 6)
      .bytes(shortIds);
    writer.compactSize(rest.length).bytes(rest);
  }),
  getblocktxn: message('getblocktxn', { blockHash: hash, indexes }),
  blocktxn: rawMessage('blocktxn', (writer, first, rest) => {
    writer.bytes(first.merkleRoot).compactSize(rest.length).bytes(rest);
  }),
  getcfilters: message('getcfilters', { filterType: uint8, startHeight: uint32, stopHash: hash }),
  cfilter: message('cfilter', { filterType: uint8, blockHash: hash, filter: fc.uint8Array({ maxLength: 300 }) }),
  getcfheaders: message('getcfheaders', { filterType: uint8, startHeight: uint32, stopHash: hash }),
  cfheaders: message('cfheaders', { filterType: uint8, stopHash: hash, previousHeader: hash, filterHashes: hashes }),
  getcfcheckpt: message('getcfcheckpt', { filterType: uint8, stopHash: hash }),
  cfcheckpt: message('cfcheckpt', { filterType: uint8, stopHash: hash, filterHeaders: hashes }),
  wtxidrelay: message('wtxidrelay', {}),
  sendtxrcncl: message('sendtxrcncl', { version: uint32, salt: uint64 }),
  feature: message('feature', {
    featureId: fc.uint8Array({ minLength: 4, maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    featureData: fc.uint8Array({ maxLength: 512 }),
  }),
};
