// The layout of `peers.dat`: integers little-endian unless said otherwise.
//
// | offset | size | content |
// |---|---|---|
// | 0 | 4 | network magic |
// | 4 | 1 | format; 4 is written |
// | 5 | 1 | 32 + the lowest format whose readers can read this file |
// | 6 | 32 | key |
// | 38 | 4 | int32, number of new entries |
// | 42 | 4 | int32, number of tried entries |
// | 46 | 4 | int32, number of new buckets XOR 2^30 |
// | 50 | … | new entries, tried entries: a record (disk-address.ts), source (BIP 155), int64 last success, int32 attempts |
// | … | … | for each new bucket: int32 count, then as many int32 indices into the new entries, in order of position |
// | … | 32 | version of the AS map; zero for none |
// | … | 32 | double SHA-256 of all before it |
//
// Older formats: 0 has the bucket count as it is; 0 and 1 have no map version; 0 to 2 have old-encoded addresses and
// sources; 3 had one port for each address. (Bitcoin Core src/addrman.cpp, AddrManImpl::Serialize)

/** The format that is written, and the newest that is known. */
export const FORMAT = 4;

/** The first formats with the bucket count masked, with a map version, and with BIP 155 addresses. */
export const FIRST_MASKED_FORMAT = 1;
export const FIRST_MAP_VERSION_FORMAT = 2;
export const FIRST_BIP155_FORMAT = 3;

/** Added to the lowest compatible format: in old files a length stood here, and it was 32. */
export const COMPATIBLE_BASE = 32;

/** Masks the bucket count, so that readers from before format 1 take it for damage. */
export const BUCKET_COUNT_MASK = 2 ** 30;

export const MAGIC_BYTES = 4;
export const MAP_VERSION_BYTES = 32;
export const CHECKSUM_BYTES = 32;

/**
 * Largest file that is read, in bytes. The tables full of the longest entries of known networks make 8 MB; full of the
 * longest that are skipped as unknown, 88 MB.
 */
export const MAX_PEERS_BYTES = 128 * 1024 * 1024;
