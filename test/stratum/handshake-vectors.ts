// The published handshakes of Stratum V2, with all keys.

import { readVectorJson } from '../harness/data/vectors.ts';

export interface TransportRow {
  label: string;
  direction: 'initiatorToResponder' | 'responderToInitiator';
  nonceOfHeader: number;
  extensionType: number;
  msgType: number;
  payloadLength: number;
  frameLength: number;
  /** Hex; absent where the payload is a pattern. */
  payload?: string;
  payloadPattern?: string;
  payloadSha256?: string;
  frame?: string;
  frameSha256?: string;
}

export interface HandshakeCase {
  name: string;
  initiator: { ephemeralPrivateKey: string; ephemeralEllSwift: string };
  responder: {
    ephemeralPrivateKey: string;
    ephemeralEllSwift: string;
    staticPrivateKey: string;
    staticEllSwift: string;
    staticXOnly: string;
  };
  authority: { privateKey: string; xOnly: string };
  certificate: { validFrom: number; notValidAfter: number; serialized: string };
  act1: string;
  act2: string;
  trace: { step: string; h?: string; ck?: string }[];
  handshakeHash: string;
  transport: TransportRow[];
}

export const handshakeVectors = readVectorJson<{ cases: HandshakeCase[] }>('sv2_noise_handshake.json').cases;
