// The two ways to villagers that have no address on this machine: a SOCKS5 proxy (RFC 1928) and a SAM bridge (I2P "SAM V3").
// Both behave well and check nothing: they serve one crawl on loopback.

import { NetAddress } from '../../netaddr/net-address.ts';
import { addressOfDestinationText, encodeI2PBase64 } from '../../sockman/dial/i2p-destination.ts';
import { LineBuffer } from '../../util/bytes/line-buffer.ts';
import type { Villager } from './villager.ts';

/** Result of the bytes that a door received. */
export interface DoorAnswer {
  /** Bytes to send to the visitor. */
  readonly send?: Uint8Array;
  /** The villager to which the connection leads from now on, and bytes for it that have arrived already. */
  readonly villager?: Villager;
  readonly rest?: Uint8Array;
}

/** One connection that has not reached its villager yet. */
export interface Door {
  /** @param data - Lent for the call. @returns Undefined when more is needed. */
  take(data: Uint8Array): DoorAnswer | undefined;
}

/** Finds the villager that has an address. */
export type FindVillager = (address: NetAddress) => Villager | undefined;

const SOCKS_METHODS = { none: 0, password: 2 };
const GRANTED = Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);
const HOST_UNREACHABLE = Uint8Array.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0);

/** A SOCKS5 proxy that accepts any user name and password. */
export class SocksDoor implements Door {
  readonly #find: FindVillager;
  readonly #seed: Villager;
  #received = new Uint8Array(0);
  #step: 'greeting' | 'password' | 'request' = 'greeting';

  /** @param seed - The villager behind every DNS name. */
  constructor(find: FindVillager, seed: Villager) {
    this.#find = find;
    this.#seed = seed;
  }

  take(data: Uint8Array): DoorAnswer | undefined {
    this.#received = Buffer.concat([this.#received, data]);
    if (this.#step === 'greeting') return this.#takeGreeting();
    return this.#step === 'password' ? this.#takePassword() : this.#takeRequest();
  }

  #takeGreeting(): DoorAnswer | undefined {
    const received = this.#received;
    if (received.length < 2 || received.length < 2 + received[1]!) return undefined;
    const hasPassword = received.subarray(2, 2 + received[1]!).includes(SOCKS_METHODS.password);
    this.#received = received.slice(2 + received[1]!);
    this.#step = hasPassword ? 'password' : 'request';
    return { send: Uint8Array.of(5, hasPassword ? SOCKS_METHODS.password : SOCKS_METHODS.none) };
  }

  #takePassword(): DoorAnswer | undefined {
    const received = this.#received;
    const nameLength = received[1] ?? 256;
    const passwordLength = received[2 + nameLength] ?? 256;
    const length = 3 + nameLength + passwordLength;
    if (received.length < length) return undefined;
    this.#received = received.slice(length);
    this.#step = 'request';
    return { send: Uint8Array.of(1, 0) };
  }

  #takeRequest(): DoorAnswer | undefined {
    const received = this.#received;
    const length = received[4] ?? 256;
    if (received.length < 7 + length) return undefined;
    const host = Buffer.from(received.subarray(5, 5 + length)).toString('latin1');
    const address = NetAddress.tryParse(host);
    const villager =
      address === undefined ? this.#seed : (this.#find(address) ?? this.#find(address.toCJDNSIfInRange()));
    if (villager === undefined) return { send: HOST_UNREACHABLE };
    return { send: GRANTED, villager, rest: received.slice(7 + length) };
  }
}

/** A private key with the certificate of an Ed25519 key; the rest is zeros. */
const OWN_PRIVATE_KEY = new Uint8Array(679);
OWN_PRIVATE_KEY.set([5, 0, 4, 0, 7], 384);

const asLine = (text: string): Uint8Array => Buffer.from(`${text}\n`, 'latin1');

/** A SAM bridge with one destination of its own, which every session gets. */
export class SamDoor implements Door {
  readonly #find: FindVillager;
  readonly #line = new LineBuffer();

  constructor(find: FindVillager) {
    this.#find = find;
  }

  take(data: Uint8Array): DoorAnswer | undefined {
    const end = data.indexOf(0x0a);
    this.#line.append(end === -1 ? data : data.subarray(0, end));
    // Our client waits for each answer, so nothing follows a line yet.
    return end === -1 ? undefined : this.#answer(this.#line.take());
  }

  #answer(line: string): DoorAnswer {
    if (line.startsWith('HELLO')) return { send: asLine('HELLO REPLY RESULT=OK VERSION=3.1') };
    if (line.startsWith('SESSION CREATE')) {
      return { send: asLine(`SESSION STATUS RESULT=OK DESTINATION=${encodeI2PBase64(OWN_PRIVATE_KEY)}`) };
    }
    const name = / NAME=(\S+)/.exec(line)?.[1];
    if (line.startsWith('NAMING LOOKUP') && name !== undefined) return this.#lookUp(name);
    const destination = / DESTINATION=(\S+)/.exec(line)?.[1];
    if (line.startsWith('STREAM CONNECT') && destination !== undefined) return this.#connect(destination);
    return { send: asLine('ERROR') };
  }

  #lookUp(name: string): DoorAnswer {
    const address = NetAddress.tryParse(name);
    const villager = address && this.#find(address);
    if (villager?.destination === undefined) return { send: asLine(`NAMING REPLY RESULT=KEY_NOT_FOUND NAME=${name}`) };
    return { send: asLine(`NAMING REPLY RESULT=OK NAME=${name} VALUE=${villager.destination}`) };
  }

  #connect(destination: string): DoorAnswer {
    const address = addressOfDestinationText(destination);
    const villager = address && this.#find(address);
    if (villager === undefined) return { send: asLine('STREAM STATUS RESULT=CANT_REACH_PEER') };
    return { send: asLine('STREAM STATUS RESULT=OK'), villager };
  }
}
