// Limits of a Stratum V2 server and client. Times are milliseconds.

/** Connections that a server serves. Each gets templates of its own, so it is not meant for crowds. */
export const DEFAULT_MAX_CLIENTS = 64;

/** From accept or dial to the end of the handshake. It takes two messages. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** From the end of the handshake to `SetupConnection`. */
export const SETUP_TIMEOUT_MS = 10_000;

/** From `SetupConnection.Success` to the first `CoinbaseOutputConstraints`. */
export const CONSTRAINTS_TIMEOUT_MS = 60_000;

/** How long bytes may wait without one of them leaving. */
export const STALL_TIMEOUT_MS = 60_000;

/** How long a connection that is to be closed may take to send what is queued. */
export const FLUSH_TIMEOUT_MS = 5_000;

/** Interval between checks of deadlines. */
export const SWEEP_MS = 500;

/** Longest payload from a client, in bytes. The longest real one is `SubmitSolution` with 65,557. */
export const MAX_CLIENT_PAYLOAD_BYTES = 131_072;

/** Most that waits for one client, in bytes: the transaction data of a full block must fit. */
export const DEFAULT_MAX_SEND_QUEUE_BYTES = 64 * 1_048_576;

/** Most that waits for all clients, in bytes: four of them with a full block's data each, and templates for all. */
export const DEFAULT_MEMORY_BYTES = 256 * 1_048_576;

/** Largest room that a client may ask for in the coinbase transaction, in bytes: a block has no more. */
export const MAX_ADDITIONAL_SIZE = 4_000_000;

/** Requests for transaction data that are answered in a minute; further ones wait. */
export const TRANSACTION_DATA_PER_MINUTE = 10;

/** Requests for transaction data that may wait. A client with more is closed. */
export const MAX_WAITING_REQUESTS = 100;
