// V2 transports in the states that their tests begin with.

import { createHash } from 'node:crypto';
import { expect } from 'vitest';

import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import type { V2TransportOptions } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { ScriptedV2Peer } from '../../harness/peers/v2-peer.ts';

export const { magic } = CHAIN_PARAMS.regtest;
export const NO_BYTES = new Uint8Array(0);

export function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A transport before its handshake. */
export function transport(isInitiator: boolean, options: Partial<V2TransportOptions> = {}): V2Transport {
  return new V2Transport({ magic, isInitiator, randomBytes: seededBytes(`transport ${isInitiator}`), ...options });
}

/** A transport past its handshake, and the peer that seals what it receives. */
export function connected(seed = 'peer'): { ours: V2Transport; peer: ScriptedV2Peer } {
  const ours = new V2Transport({ magic, isInitiator: false, randomBytes: seededBytes(`ours ${seed}`) });
  const peer = new ScriptedV2Peer(true, magic, seededBytes(seed));
  receiveAll(ours, peer.keyPair.publicKey);
  peer.receiveKey(sendAll(ours));
  expect(receiveAll(ours, peer.finish(NO_BYTES)).failure).toBeUndefined();
  expect(ours.getInfo().transportType).toBe('v2');
  return { ours, peer };
}

/** Two transports past their handshake. */
export function pair(seed = 'pair'): [V2Transport, V2Transport] {
  const initiator = new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes(`${seed} i`) });
  const responder = new V2Transport({ magic, isInitiator: false, randomBytes: seededBytes(`${seed} r`) });
  receiveAll(responder, sendAll(initiator));
  receiveAll(initiator, sendAll(responder));
  receiveAll(responder, sendAll(initiator));
  return [initiator, responder];
}

/** The V1 `version` message as a V1 transport sends it. */
export function v1VersionFrame(ofMagic: Uint8Array): Uint8Array {
  return sendAll(new V1Transport(ofMagic), [{ type: 'version', payload: new Uint8Array(86).fill(3) }]);
}
