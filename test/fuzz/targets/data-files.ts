// peers.dat, anchors.dat and banlist.json. The first byte chooses the file; a checksum is made for what is behind it, since no
// fuzzer finds one.

import { gunzipSync } from 'node:zlib';
import { parsePeers } from '../../../ts/addrman/file/peers-reader.ts';
import { serializePeers } from '../../../ts/addrman/file/peers-writer.ts';
import { doubleSha256 } from '../../../ts/p2p/hash.ts';
import { parseAnchors, serializeAnchors } from '../../../ts/storage/anchors-file.ts';
import { parseBanList, serializeBanList } from '../../../ts/storage/ban-list.ts';
import { PEERS_FILE_VECTORS } from '../../harness/data/peers-vectors.ts';
import { fromHex, readVectorJson } from '../../harness/data/vectors.ts';
import { chosen, finding, same, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const MAGIC = fromHex('fabfb5da');
const CHECKSUM_BYTES = 32;
const NOW_SECONDS = 1_750_000_000;
/** Files of more are for the tests of the room: a fuzzer is quick with short inputs only. */
const MAX_SEED_BYTES = 8_192;

function tryPeers(content: Uint8Array): void {
  const outcome = parsePeers(withChecksum(content), MAGIC, { checkRatio: 1 });
  if (outcome.kind !== 'loaded') return;
  const again = parsePeers(serializePeers(outcome.addrMan, MAGIC), MAGIC, { checkRatio: 1 });
  if (again.kind !== 'loaded') finding('what was saved does not load');
  same('another number of addresses', again.addrMan.size, outcome.addrMan.size);
}

function tryAnchors(content: Uint8Array): void {
  const anchors = parseAnchors(withChecksum(content), MAGIC);
  if (anchors === undefined) return;
  same('other anchors', parseAnchors(serializeAnchors(anchors, MAGIC), MAGIC)?.length, anchors.length);
}

function tryBans(content: Uint8Array): void {
  const bans = parseBanList(textOf(content), NOW_SECONDS, true);
  if (bans === undefined) return;
  const text = serializeBanList(bans);
  same('other bans', serializeBanList(parseBanList(text, NOW_SECONDS, true) ?? []), text);
}

function withChecksum(content: Uint8Array): Uint8Array {
  return Buffer.concat([content, doubleSha256(content)]);
}

const FILES = [tryPeers, tryAnchors, tryBans];

export const target: FuzzTarget = {
  words: ['"address"', '"ban_created"', '"banned_until"', '"version"', '"banned_nets"'],
  seeds() {
    const seed = (kind: number, content: Uint8Array): Uint8Array => Uint8Array.of(kind, ...content);
    const peers = PEERS_FILE_VECTORS.map(({ gzipBase64 }) => gunzipSync(Buffer.from(gzipBase64, 'base64')));
    const anchors = readVectorJson<{ files: { hex: string }[] }>('addrman_anchors.json').files;
    const bans = readVectorJson<{ files: { text: string }[] }>('addrman_banlist.json').files;
    return [
      ...peers
        .filter(({ length }) => length <= MAX_SEED_BYTES)
        .map((file) => seed(0, file.subarray(0, -CHECKSUM_BYTES))),
      ...anchors.map(({ hex }) => seed(1, fromHex(hex).subarray(0, -CHECKSUM_BYTES))),
      ...bans.map(({ text }) => seed(2, Buffer.from(text))),
    ];
  },
  run(input) {
    const [tryFile, content] = chosen(input, FILES);
    tryFile(content);
  },
};
