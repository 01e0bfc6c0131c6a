// `sockman addrman`: shows what is in a `peers.dat`, ours or Bitcoin Core's. The file is opened for reading only; unlike a
// node that starts with it, this command moves no file aside and creates none.

import { stat, writeFile } from 'node:fs/promises';

import { AsMap } from '../../addrman/asmap/as-map.ts';
import { readInput } from '../../storage/bounded-read.ts';
import { FileError, systemFileError } from '../../storage/file-error.ts';
import { NetGroups } from '../../addrman/net-groups.ts';
import { FORMAT, MAGIC_BYTES, MAX_PEERS_BYTES } from '../../addrman/file/peers-format.ts';
import { parsePeers } from '../../addrman/file/peers-reader.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import { drawBuckets } from '../addrman/picture.ts';
import { countLines, entryJson, entryLines, summaryLines } from '../addrman/report.ts';
import type { InspectedPeers } from '../addrman/report.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { networkOption } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';

const OPTIONS = {
  network: networkOption(
    undefined,
    `network of the file: ${Object.keys(CHAIN_PARAMS).join(', ')}; otherwise the file says`,
  ),
  asmap: option.text('FILE', 'the AS map that the node uses', 'file'),
  entries: option.flag('lists all entries, once for each of their slots'),
  json: option.flag(
    'lists only the entries, each a line of JSON with the names of getrawaddrman; times are seconds since 1970, 0 for never; last_try is null, since the file does not keep it',
  ),
  svg: option.text('FILE', 'draws how full each bucket is, by network', 'file'),
};

export const command = defineCommand(
  {
    options: OPTIONS,
    operands: [
      {
        placeholder: 'FILE',
        help: 'a peers.dat, ours or Bitcoin Core’s, of any format',
        completion: 'file',
      },
    ],
    examples: [
      ['sockman addrman ~/.bitcoin/peers.dat', 'what Bitcoin Core knows'],
      ['sockman addrman peers.dat --svg buckets.svg', 'the same as a picture'],
      ['ssh host cat .bitcoin/peers.dat | sockman addrman /dev/stdin --json', 'the entries of a file elsewhere'],
    ],
    notes: [
      'Exits with 1 if the file is damaged, of another network or of a newer format; the message says which and why.',
    ],
  },
  (values, io, [path]) => runAddrman(path!, values, io),
);

async function runAddrman(path: string, values: ValuesOf<typeof OPTIONS>, io: CliIo): Promise<number> {
  if (values.entries && values.json) throw new UsageError('--json lists the entries already: leave out --entries');
  if (values.svg !== undefined && (await isSameFile(path, values.svg))) {
    throw new UsageError(`--svg: ${values.svg} is the file to look at, which is never written to`);
  }
  const chain = values.network === undefined ? undefined : CHAIN_PARAMS[values.network];
  const asMap = values.asmap === undefined ? undefined : await AsMap.load(values.asmap, io.signal);

  const peers = await inspectPeers(path, chain, new NetGroups(asMap), io.signal);
  if (values.svg !== undefined) await save(values.svg, drawBuckets(peers));
  const { addrMan } = peers;
  if (values.json) {
    await printAll(
      io,
      [false, true].flatMap((isTried) => addrMan.getEntries(isTried)),
      (slot) => entryJson(slot, addrMan.groups),
    );
    return 0;
  }
  for (const line of [...summaryLines(peers), '', ...countLines(addrMan)]) io.print(line);
  if (values.entries) await printAll(io, ['', ...entryLines(addrMan, io.columns)], (line) => line);
  return 0;
}

/**
 * Reads a `peers.dat` without touching it.
 *
 * @param chain - Network of the file; undefined for any known one.
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: damaged, or of another network. `ERR_SOCKMAN_FILE_NEWER`: of a newer
 * format. `ERR_SOCKMAN_SYSTEM`: missing, or unreadable.
 */
async function inspectPeers(
  path: string,
  chain: ChainParams | undefined,
  groups: NetGroups,
  signal: AbortSignal,
): Promise<InspectedPeers> {
  const bytes = await readInput(path, { maxBytes: MAX_PEERS_BYTES, signal });
  const owner = chainOf(path, bytes, chain);
  const outcome = parsePeers(bytes, owner.magic, { groups });
  if (outcome.kind === 'corrupt') throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, outcome.reason);
  if (outcome.kind === 'newerFormat') {
    const reason = `needs a reader of format ${outcome.lowestCompatible}; the newest known here is ${FORMAT}`;
    throw new FileError('ERR_SOCKMAN_FILE_NEWER', path, reason);
  }
  const { addrMan, header } = outcome;
  return { path, chainName: owner.name, byteCount: bytes.length, addrMan, header };
}

/** The network whose magic a file begins with. */
function chainOf(path: string, bytes: Uint8Array, wanted: ChainParams | undefined): ChainParams {
  const magic = bytes.subarray(0, MAGIC_BYTES);
  const owner = Object.values(CHAIN_PARAMS).find((chain) => equalBytes(chain.magic, magic));
  if (owner !== undefined && (wanted === undefined || owner === wanted)) return owner;
  const hex = Buffer.from(magic).toString('hex');
  const described = owner === undefined ? `of no network known here (begins with '${hex}')` : `of ${owner.name}`;
  const reason = wanted === undefined ? described : `${described}, not of ${wanted.name}`;
  throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, reason);
}

/** Whether two names lead to one file, through links or not. */
async function isSameFile(path: string, otherPath: string): Promise<boolean> {
  const [file, other] = await Promise.all([path, otherPath].map((name) => stat(name).catch(() => undefined)));
  return file !== undefined && file.dev === other?.dev && file.ino === other.ino;
}

async function save(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => {
    throw systemFileError(path, 'written', error);
  });
}

/** Prints all items, or until the reader is gone. */
async function printAll<T>(io: CliIo, items: readonly T[], format: (item: T) => string): Promise<void> {
  for (const item of items) {
    if (io.isBehind) await io.caughtUp();
    if (io.signal.aborted) return;
    io.print(format(item));
  }
}
