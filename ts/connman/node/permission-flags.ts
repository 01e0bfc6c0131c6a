// Extra permissions of a peer. (Bitcoin Core src/net_permissions.h)
//
// Permissions are bits of a number. Some include others: compare with `hasPermission`, never with a bare `&`.

/** A permission, by the name it has in options and in `getpeerinfo`. */
export type PermissionName = 'bloomfilter' | 'noban' | 'forcerelay' | 'relay' | 'mempool' | 'download' | 'addr';

/** The bits of each permission, in the order in which they are shown. */
export const PERMISSION_FLAGS: Readonly<Record<PermissionName, number>> = {
  /** Is offered NODE_BLOOM; BIP 37 messages are accepted. */
  bloomfilter: 0x02,
  /** Never refused, evicted, disconnected or discouraged, unless it breaks the protocol's framing. Includes `download`. */
  noban: 0x50,
  /** Its transactions are relayed again although known; it is sent no feefilter. Includes `relay`. */
  forcerelay: 0x0c,
  /** Its transactions are accepted even in blocks-only mode. */
  relay: 0x08,
  /** BIP 35 requests are answered, also past the upload target. */
  mempool: 0x20,
  /** Old blocks are served past the upload target. */
  download: 0x40,
  /** getaddr is answered from fresh data, and its addresses are not rate limited. */
  addr: 0x80,
};

/** No permission at all. */
export const NO_PERMISSIONS = 0;

/** Whether all bits of a permission are there: `noban` implies `download`, not the other way round. */
export function hasPermission(flags: number, name: PermissionName): boolean {
  const wanted = PERMISSION_FLAGS[name];
  return (flags & wanted) === wanted;
}
