// Every figure of the address manager, as Bitcoin Core has it (src/addrman.h, addrman_impl.h, addrman.cpp).
//
// Table sizes and hash operands are part of the file format and of the defence: they never change. Times are seconds.

/** Buckets of the new table: addresses heard of. */
export const NEW_BUCKET_COUNT = 1024;

/** Buckets of the tried table: addresses we have completed a handshake with. */
export const TRIED_BUCKET_COUNT = 256;

/** Slots in a bucket of either table. */
export const BUCKET_SLOTS = 64;

/** Slots of the new table, and so the most references to new entries. */
export const NEW_SLOTS = NEW_BUCKET_COUNT * BUCKET_SLOTS;

/** Slots of the tried table, and so the most tried entries. */
export const TRIED_SLOTS = TRIED_BUCKET_COUNT * BUCKET_SLOTS;

/** Most entries at any moment: both tables full, and the one that `add` creates before it knows whether it stays. */
export const MAX_ENTRIES = NEW_SLOTS + TRIED_SLOTS + 1;

/** Tried buckets that the addresses of one group can reach. */
export const TRIED_BUCKETS_PER_GROUP = 8;

/** New buckets that one source group can reach, whatever it sends. */
export const NEW_BUCKETS_PER_SOURCE_GROUP = 64;

/** Most new slots that hold the same entry. */
export const MAX_REFERENCES = 8;

/** Bytes of the secret that all placement depends on. */
export const KEY_BYTES = 32;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Not heard of for longer: terrible. */
export const HORIZON_SECONDS = 30 * DAY;

/** A time further ahead of ours: terrible. */
export const FUTURE_TOLERANCE_SECONDS = 10 * MINUTE;

/** Counted failures after which an address that never worked is terrible. */
export const MAX_ATTEMPTS_NEVER_WORKED = 3;

/** Counted failures in a row after which an address is terrible once its last success is old. */
export const MAX_FAILURES = 10;

/** How old the last success must be for `MAX_FAILURES` to count. */
export const MIN_FAILING_SECONDS = 7 * DAY;

/** Largest count of failures: 32 bits in the file, in which a count may start anywhere. */
export const MAX_ATTEMPTS = 2 ** 31 - 1;

/** Tried this recently: never terrible, the answer may still come. */
export const RECENT_TRY_SECONDS = 60;

/** Tried more recently than this: the chance to be selected shrinks by `RECENT_ATTEMPT_FACTOR`. */
export const RECENT_ATTEMPT_SECONDS = 10 * MINUTE;
export const RECENT_ATTEMPT_FACTOR = 0.01;

/** What each failure multiplies the chance to be selected by, for at most `MAX_FACTORED_FAILURES` of them. */
export const FAILURE_FACTOR = 0.66;
export const MAX_FACTORED_FAILURES = 8;

/** What each rejected draw multiplies all chances by, so that a draw always ends. */
export const CHANCE_GROWTH = 1.2;

/** A tried entry that succeeded more recently than this is not evicted. */
export const REPLACEMENT_SECONDS = 4 * HOUR;

/** Most entries that wait for the occupant of their tried slot to be tested. */
export const MAX_PENDING_COLLISIONS = 10;

/** Longest wait for such a test; then the new entry replaces the occupant untested. */
export const TEST_WINDOW_SECONDS = 40 * MINUTE;

/** Time for a test connection to succeed. */
export const TEST_GRACE_SECONDS = 60;

/** A report younger than this counts as "currently online". */
export const ONLINE_WINDOW_SECONDS = DAY;

/** How much newer a report must be to move the stored time: of an address online, and of one that is not. */
export const ONLINE_UPDATE_SECONDS = HOUR;
export const OFFLINE_UPDATE_SECONDS = DAY;

/** How much `connected` must advance the stored time to move it. */
export const CONNECTED_UPDATE_SECONDS = 20 * MINUTE;

/** `lastGood` before any success: later than "never counted", which is 0. */
export const INITIAL_LAST_GOOD = 1;

/** Highest ratio of consistency checks: one in a million operation edges. */
export const MAX_CHECK_RATIO = 1_000_000;
