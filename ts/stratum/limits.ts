// Limits of a Stratum V2 server and client. Times are milliseconds.

/** Connections of a server. Each gets its own templates, so a server is not meant for crowds. */
export const DEFAULT_MAX_CLIENTS = 64;

/** From accept or dial to the end of the handshake. It takes two messages. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** From the end of the handshake to `SetupConnection`. */
export const SETUP_TIMEOUT_MS = 10_000;

/** From `SetupConnection.Success` to the first `CoinbaseOutputConstraints`. */
export const CONSTRAINTS_TIMEOUT_MS = 60_000;

/** How long bytes may wait without progress. */
export const STALL_TIMEOUT_MS = 60_000;

/** How long a closing connection may take to send its queue. */
export const FLUSH_TIMEOUT_MS = 5_000;

/** Interval between checks of deadlines. */
export const SWEEP_MS = 500;

/** Longest payload from a client, in bytes. The longest real one is `SubmitSolution` with 65,557. */
export const MAX_CLIENT_PAYLOAD_BYTES = 131_072;

/** Bytes that may wait for one client: the transaction data of a full block must fit. */
export const DEFAULT_MAX_SEND_QUEUE_BYTES = 64 * 1_048_576;

/** Bytes that may wait for all clients: four of them with a full block's data each, and templates for all. */
export const DEFAULT_MEMORY_BYTES = 256 * 1_048_576;

/** Largest additional size of the coinbase transaction, in bytes: a block has no more. */
export const MAX_ADDITIONAL_SIZE = 4_000_000;

/** Constraints of a client that are followed a minute; of further ones the last are, in their turn. A real one has a few in all. */
export const CONSTRAINTS_PER_MINUTE = 10;

/** Requests for transaction data answered a minute; further ones wait. */
export const TRANSACTION_DATA_PER_MINUTE = 10;

/** Requests for transaction data that may wait. A client with more is closed. */
export const MAX_WAITING_REQUESTS = 100;
