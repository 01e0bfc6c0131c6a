// `banlist.json`: the banned subnets and the ends of their bans, in a form that Bitcoin Core shares. The ban manager decides
// what is banned. (Bitcoin Core src/addrdb.cpp, CBanDB; banman.cpp)

import { trySubnetNamed } from '../netaddr/named-address.ts';
import type { Subnet } from '../netaddr/subnet.ts';
import { findDuplicateRootKey, isNestedDeeper } from './json-keys.ts';

/** A ban. Times are whole seconds since 1970. */
export interface BanEntry {
  readonly subnet: Subnet;
  readonly createdSeconds: number;
  readonly untilSeconds: number;
}

/** The only known version of an element. */
const ENTRY_VERSION = 1;

/** For people who open the file. */
const WARNING = 'This file is generated and overwritten. Use the ban commands instead of editing it.';

/** Largest file that is read, in bytes: some 100,000 bans, where the longest lists that are passed around have a few thousand. */
export const MAX_BAN_LIST_BYTES = 16 * 1024 * 1024;

/** Depth of a ban list: an object of an array of objects. Each further level takes forty times its text. */
const DEPTH = 3;

const INDENT_SPACES = 4;

/**
 * Reads a ban list, without the bans that are over.
 *
 * An element of another version, or with an invalid address, is skipped. Of two for one subnet the later one is used.
 *
 * @param text - The content of the file.
 * @param nowSeconds - Bans that ended before this are left out.
 * @param cjdnsReachable - Whether fc00::/8 is read as CJDNS.
 * @returns Undefined if the list is malformed: not JSON, a repeated key, a field of the wrong type. Replace it with an empty
 * one.
 */
export function parseBanList(text: string, nowSeconds: number, cjdnsReachable: boolean): BanEntry[] | undefined {
  const root = parseRoot(text);
  const elements = root?.['banned_nets'];
  if (!Array.isArray(elements)) return undefined;
  const bans = new Map<string, BanEntry>();
  for (const element of elements as unknown[]) {
    const fields = asObject(element);
    const version = asInteger(fields?.['version']);
    if (fields === undefined || version === undefined) return undefined;
    if (version !== ENTRY_VERSION) continue;
    const address = fields['address'];
    if (typeof address !== 'string') return undefined;
    const subnet = trySubnetNamed(address, cjdnsReachable);
    if (subnet === undefined) continue;
    const createdSeconds = asInteger(fields['ban_created']);
    const untilSeconds = asInteger(fields['banned_until']);
    if (createdSeconds === undefined || untilSeconds === undefined) return undefined;
    bans.set(subnet.toString(), { subnet, createdSeconds, untilSeconds });
  }
  return [...bans.values()].filter(({ untilSeconds }) => nowSeconds <= untilSeconds);
}

/** Writes a ban list, sorted by subnet. */
export function serializeBanList(bans: Iterable<BanEntry>): string {
  const elements = [...bans]
    .sort((a, b) => a.subnet.compare(b.subnet))
    .map(({ subnet, createdSeconds, untilSeconds }) => ({
      version: ENTRY_VERSION,
      ban_created: createdSeconds,
      banned_until: untilSeconds,
      address: subnet.toString(),
    }));
  return `${JSON.stringify({ _warning_: WARNING, banned_nets: elements }, null, INDENT_SPACES)}\n`;
}

function parseRoot(text: string): Record<string, unknown> | undefined {
  if (isNestedDeeper(text, DEPTH)) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  const object = asObject(root);
  return object === undefined || findDuplicateRootKey(text) !== undefined ? undefined : object;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

/** A whole number; undefined for anything else. Numbers too large to be exact become the largest exact one. */
function asInteger(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
}
