// The published payload of each message: decode gives the fields, encode gives the payload.

import { describe, expect, it } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { hashFromHex } from '../../../ts/p2p/hash.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import { readBlockHeader } from '../../../ts/p2p/messages/block-header.ts';
import type { MessageType } from '../../../ts/p2p/messages/message-types.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { Message } from '../../../ts/p2p/messages/registry.ts';
import { ByteReader } from '../../../ts/util/bytes/bytes.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';

interface VectorAddress {
  time: number;
  services: string;
  address: string;
  port: number;
  /** BIP 155's; 6 is CJDNS, whose addresses look like IPv6. */
  networkId?: number;
}

/** Numbers of 64 bits are decimal text in the vectors, nonces and salts hex; hashes are in display order. */
interface VectorFields {
  version?: number | string;
  services?: string;
  time?: string;
  addrTo?: Omit<VectorAddress, 'time'>;
  addrFrom?: Omit<VectorAddress, 'time'>;
  nonce?: string;
  userAgent?: string;
  startHeight?: number;
  relay?: boolean;
  entries?: VectorAddress[];
  items?: { type: number; hash: string }[];
  locator?: string[];
  headers?: string[];
  announce?: boolean;
  feeRate?: string;
  salt?: string;
  featureId?: string;
  featureData?: string;
  filter?: string;
  hashFunctions?: number;
  tweak?: number;
  flags?: number;
  data?: string;
  filterType?: number;
  stopHash?: string;
  blockHash?: string;
  previousHeader?: string;
  filterHashes?: string[];
  filterHeaders?: string[];
  indexes?: number[];
}

interface Vector {
  type: MessageType;
  fields?: VectorFields;
  payload: string;
  error?: true;
  note?: string;
}

const hexNumber = (hex: string | undefined): bigint => BigInt(`0x${hex}`);

function service({ address, port, networkId }: Omit<VectorAddress, 'time'>): Service {
  const parsed = new Service(NetAddress.parse(address), port);
  return networkId === 6 ? parsed.toCJDNSIfInRange() : parsed;
}

function peerAddress(entry: VectorAddress): PeerAddress {
  return { timeSeconds: entry.time, services: BigInt(entry.services), service: service(entry) };
}

/** What the fields of a vector are in a message of ours; only those the vector names. */
function expectedFields(type: MessageType, f: VectorFields): Record<string, unknown> {
  switch (type) {
    case 'version':
      return defined({
        protocolVersion: f.version,
        services: f.services === undefined ? undefined : BigInt(f.services),
        timeSeconds: f.time === undefined ? undefined : Number(f.time),
        receiver: f.addrTo && { services: BigInt(f.addrTo.services), service: service(f.addrTo) },
        sender: f.addrFrom && { services: BigInt(f.addrFrom.services), service: service(f.addrFrom) },
        nonce: f.nonce === undefined ? undefined : hexNumber(f.nonce),
        userAgent: f.userAgent,
        startHeight: f.startHeight,
        relay: f.relay,
      });
    case 'ping':
    case 'pong':
      return { nonce: hexNumber(f.nonce) };
    case 'addr':
    case 'addrv2':
      return { addresses: f.entries!.map(peerAddress) };
    case 'inv':
    case 'getdata':
    case 'notfound':
      return { items: f.items!.map((item) => ({ type: item.type, hash: hashFromHex(item.hash) })) };
    case 'getheaders':
    case 'getblocks':
      return { locator: f.locator!.map(hashFromHex), stopHash: hashFromHex(f.stopHash!) };
    case 'headers':
      return { headers: f.headers!.map((header) => readBlockHeader(new ByteReader(fromHex(header)))) };
    case 'sendcmpct':
      return { announce: f.announce ? 1 : 0, version: BigInt(f.version!) };
    case 'feefilter':
      return { feeRateSatPerKvB: BigInt(f.feeRate!) };
    case 'sendtxrcncl':
      return { version: f.version, salt: hexNumber(f.salt) };
    case 'feature':
      return { featureId: f.featureId, featureData: fromHex(f.featureData!) };
    case 'filterload':
      return { filter: fromHex(f.filter!), hashFunctionCount: f.hashFunctions, tweak: f.tweak, flags: f.flags };
    case 'filteradd':
      return { element: fromHex(f.data!) };
    case 'getcfilters':
    case 'getcfheaders':
      return { filterType: f.filterType, startHeight: f.startHeight, stopHash: hashFromHex(f.stopHash!) };
    case 'cfilter':
      return { filterType: f.filterType, blockHash: hashFromHex(f.blockHash!), filter: fromHex(f.filter!) };
    case 'cfheaders':
      return {
        filterType: f.filterType,
        stopHash: hashFromHex(f.stopHash!),
        previousHeader: hashFromHex(f.previousHeader!),
        filterHashes: f.filterHashes!.map(hashFromHex),
      };
    case 'getcfcheckpt':
      return { filterType: f.filterType, stopHash: hashFromHex(f.stopHash!) };
    case 'cfcheckpt':
      return {
        filterType: f.filterType,
        stopHash: hashFromHex(f.stopHash!),
        filterHeaders: f.filterHeaders!.map(hashFromHex),
      };
    case 'getblocktxn':
      return { blockHash: hashFromHex(f.blockHash!), indexes: f.indexes };
    default:
      expect(f).toEqual({});
      return {};
  }
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Payloads that leave out optional endings, which we always write. */
const SHORT_ENDINGS = ['relay byte absent', 'height and relay absent', 'ends after'];

/** What we write where a vector has something that nobody reads. */
function asWeWrite({ type, payload }: Vector): string {
  // The number in front of a locator: the framework that made the vectors writes 0, Core 70016.
  return type === 'getheaders' || type === 'getblocks' ? `80110100${payload.slice(8)}` : payload;
}

describe('messages.json', () => {
  const vectors = readVectorJson<Vector[]>('messages.json').map((vector, index) => ({
    ...vector,
    title: `${index}: ${vector.type} ${vector.note ?? ''}`,
  }));

  it.each(vectors.filter(({ error }) => error))('does not decode $title', ({ type, payload }) => {
    expect(() => decodeMessage(type, fromHex(payload))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });

  it.each(vectors.filter(({ error }) => !error))('decodes $title', ({ type, fields, payload }) => {
    expect(decodeMessage(type, fromHex(payload))).toMatchObject({ type, ...expectedFields(type, fields!) });
  });

  const isWhole = ({ error, note }: Vector) => !error && !SHORT_ENDINGS.some((ending) => note?.startsWith(ending));

  it.each(vectors.filter(isWhole))('encodes $title', (vector) => {
    const { type, fields, payload } = vector;
    const message = { ...decodeMessage(type, fromHex(payload)), ...expectedFields(type, fields!), type } as Message;
    expect(toHex(encodeMessage(message).payload)).toBe(asWeWrite(vector));
  });
});

describe('addr_messages.json', () => {
  const vector = readVectorJson<{ entries: VectorAddress[]; addr: string; addrv2: string }>('addr_messages.json');
  const addresses = vector.entries.map(peerAddress);

  it.each(['addr', 'addrv2'] as const)('has an %s that we read and write', (type) => {
    expect(decodeMessage(type, fromHex(vector[type]))).toEqual({ type, addresses });
    expect(toHex(encodeMessage({ type, addresses }).payload)).toBe(vector[type]);
  });
});
