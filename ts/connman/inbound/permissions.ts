// Permissions as written in options, and the peers that get them. (Bitcoin Core src/net_permissions.cpp)
//
// `[permissions@]target`: names with commas between them, for peers that connect to a listener (`whiteBind`) or from a range
// of addresses (`whitelist`). Without `@` the permissions are implicit: the default ones, decided when a peer connects.
// Automatic outbound peers never have any.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { Subnet } from '../../netaddr/subnet.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import type { ListenerPermissions } from './listen-plan.ts';
import { NO_PERMISSIONS, PERMISSION_FLAGS } from '../node/permission-flags.ts';

/** All permissions: the bits of all names. */
const ALL_PERMISSIONS = Object.values(PERMISSION_FLAGS).reduce((all, flags) => all | flags, NO_PERMISSIONS);

/** The names accepted in options: all names, and a short form. */
const WRITTEN_FLAGS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(PERMISSION_FLAGS),
  ['bloom', PERMISSION_FLAGS.bloomfilter],
  ['all', ALL_PERMISSIONS],
]);

/** A listener whose peers have permissions. */
export interface WhiteBind {
  readonly service: Service;
  readonly permissions: ListenerPermissions;
}

/** Permissions of peers in a range. */
interface WhitelistEntry {
  readonly subnet: Subnet;
  readonly permissions: ListenerPermissions;
  /** For peers that connect to us. */
  readonly isForInbound: boolean;
  /** For peers that we dial for the user. */
  readonly isForOutbound: boolean;
}

/**
 * Reads `[permissions@]address:port`.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an unknown permission, a direction (`out`, or `in` alone), or a target that is
 *   no numeric address with a port other than 0.
 */
export function parseWhiteBind(text: string): WhiteBind {
  const { permissions, target, isForOutbound } = parsePermissions('whiteBind', text);
  if (isForOutbound) throw invalidArg('whiteBind', 'no "out": a listener has inbound peers only', text);
  const service = Service.tryParse(target);
  if (service === undefined || service.unixPath !== undefined || service.port === 0) {
    throw invalidArg('whiteBind', '[permissions@]address:port, numeric, with a port other than 0', text);
  }
  return { service, permissions };
}

/** How permissions are granted. */
export interface PermissionOptions {
  /** Texts `[permissions@]subnet`. */
  readonly whitelist: readonly string[];
  /** Implicit permissions include `relay`. */
  readonly whitelistRelay: boolean;
  /** Implicit permissions include `forcerelay`. */
  readonly whitelistForceRelay: boolean;
  readonly cjdnsReachable: boolean;
}

/** The permissions of the peers of one `Connman`. */
export class Permissions {
  readonly #whitelist: readonly WhitelistEntry[];
  /** The flags that implicit permissions stand for. */
  readonly #implicitFlags: number;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an entry of `whitelist` has an unknown permission or no subnet. */
  constructor(options: PermissionOptions) {
    this.#whitelist = options.whitelist.map((text) => parseWhitelistEntry(text, options.cjdnsReachable));
    this.#implicitFlags =
      PERMISSION_FLAGS.mempool |
      PERMISSION_FLAGS.noban |
      (options.whitelistRelay ? PERMISSION_FLAGS.relay : NO_PERMISSIONS) |
      (options.whitelistForceRelay ? PERMISSION_FLAGS.forcerelay : NO_PERMISSIONS);
  }

  /**
   * The permissions of an inbound peer: those of its listener and of all ranges with its address.
   *
   * @param listener - Undefined for a peer without listener.
   * @param address - Undefined where it says nothing about the peer: behind our onion service.
   */
  inbound(listener: ListenerPermissions | undefined, address: NetAddress | undefined): number {
    const entries = address === undefined ? [] : this.#whitelist.filter(({ isForInbound }) => isForInbound);
    return this.#union(listener, entries, address);
  }

  /** The permissions of a peer that we dial for the user. */
  manualOutbound(address: NetAddress): number {
    return this.#union(
      undefined,
      this.#whitelist.filter(({ isForOutbound }) => isForOutbound),
      address,
    );
  }

  #union(
    listener: ListenerPermissions | undefined,
    entries: readonly WhitelistEntry[],
    address: NetAddress | undefined,
  ): number {
    let flags = listener?.flags ?? NO_PERMISSIONS;
    let isImplicit = listener?.isImplicit ?? false;
    for (const { subnet, permissions } of entries) {
      if (address === undefined || !subnet.matches(address)) continue;
      flags |= permissions.flags;
      isImplicit ||= permissions.isImplicit;
    }
    return isImplicit ? flags | this.#implicitFlags : flags;
  }
}

function parseWhitelistEntry(text: string, cjdnsReachable: boolean): WhitelistEntry {
  const { permissions, target, isForInbound, isForOutbound } = parsePermissions('whitelist', text);
  const subnet = Subnet.tryParse(target, cjdnsReachable);
  if (subnet === undefined) throw invalidArg('whitelist', '[permissions@]address or subnet', text);
  return { subnet, permissions, isForInbound, isForOutbound };
}

interface ParsedPermissions {
  readonly permissions: ListenerPermissions;
  readonly target: string;
  readonly isForInbound: boolean;
  readonly isForOutbound: boolean;
}

/** Splits off the permissions. Empty and repeated items are accepted, so that scripts can join lists. */
function parsePermissions(option: string, text: string): ParsedPermissions {
  const at = text.indexOf('@');
  if (at === -1) {
    const permissions = { flags: NO_PERMISSIONS, isImplicit: true };
    return { permissions, target: text, isForInbound: true, isForOutbound: false };
  }
  const names = new Set(text.slice(0, at).split(','));
  names.delete('');
  const isForOutbound = names.delete('out');
  const isInGiven = names.delete('in');
  if ((isForOutbound || isInGiven) && names.size === 0) {
    throw invalidArg(option, 'permissions beside the direction', text);
  }
  let flags = NO_PERMISSIONS;
  for (const name of names) {
    const named = WRITTEN_FLAGS.get(name);
    if (named === undefined)
      throw invalidArg(option, `permissions among ${[...WRITTEN_FLAGS.keys()].join(', ')}`, name);
    flags |= named;
  }
  const isForInbound = isInGiven || !isForOutbound;
  return { permissions: { flags, isImplicit: false }, target: text.slice(at + 1), isForInbound, isForOutbound };
}
