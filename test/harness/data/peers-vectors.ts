// `peers.dat` files that Bitcoin Core wrote or would read, with their content: vectors/addrman_peersdat.json.

import { gunzipSync } from 'node:zlib';
import { readVectorJson } from './vectors.ts';

/** A slot of the file, as Core lists it. */
export interface PeersFileEntry {
  table: 'new' | 'tried';
  bucket: number;
  position: number;
  address: string;
  net: string;
  port: number;
  time: number;
  services: string;
  source: string;
  sourceNet: string;
  lastSuccess: number;
  attempts: number;
  multiplicity: number;
}

export interface PeersFileVector {
  name: string;
  note: string;
  asmap: boolean;
  bytes: number;
  sha256: string;
  gzipBase64: string;
  outcome: 'ok' | 'corrupt' | 'newerFormat';
  newCount: number;
  triedCount: number;
  networkCounts: Record<string, { new: number; tried: number }>;
  entries: PeersFileEntry[];
}

export const PEERS_FILE_VECTORS = readVectorJson<{ files: PeersFileVector[] }>('addrman_peersdat.json').files;

/** @throws {Error} No file of the vectors has this name. */
export function peersFileVector(name: string): PeersFileVector {
  const vector = PEERS_FILE_VECTORS.find((file) => file.name === name);
  if (vector === undefined) throw new Error(`no peers.dat named ${name} in the vectors`);
  return vector;
}

/** The file itself. */
export function peersFileBytes({ gzipBase64 }: PeersFileVector): Buffer {
  return gunzipSync(Buffer.from(gzipBase64, 'base64'));
}
