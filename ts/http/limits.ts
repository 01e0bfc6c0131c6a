// Limits of the HTTP server. Each has its unit in its name and its reason here; those that can be set are named in `options.ts`.

/** Longest line, in bytes, without its LF but with its CR. (Bitcoin Core src/httpserver.h, MAX_LINE_LENGTH) */
export const MAX_LINE_BYTES = 8_192;

/**
 * Most bytes of all header lines of a request with their line ends, the empty line and the trailer of a chunked body.
 * (Bitcoin Core src/httpserver.cpp, MAX_HEADERS_SIZE)
 */
export const MAX_HEADER_BYTES = 8_192;

/** Shortest request line, in bytes: the length of `GET / HTTP/1.0`. */
export const MIN_REQUEST_LINE_BYTES = 14;

/** Default of the longest request body, in bytes: 32 MiB. (Bitcoin Core src/serialize.h, MAX_SIZE) */
export const DEFAULT_MAX_BODY_BYTES = 33_554_432;

/** Default of the bytes kept behind a request that is being served: one receive. */
export const DEFAULT_MAX_UNPARSED_BYTES = 65_536;

/** Default of the connections at a time: what `ulimit -n 256` leaves beside the files of a small program. */
export const DEFAULT_MAX_CONNECTIONS = 128;

/** Default of the handlers that run at a time. (Bitcoin Core src/httpserver.h, DEFAULT_HTTP_THREADS) */
export const DEFAULT_HANDLER_SLOTS = 16;

/** Default of the requests that wait for a slot. (Bitcoin Core src/httpserver.h, DEFAULT_HTTP_WORKQUEUE) */
export const DEFAULT_WORK_QUEUE_DEPTH = 64;

/** Default of the seconds a connection may be idle. (Bitcoin Core src/httpserver.h, DEFAULT_HTTP_SERVER_TIMEOUT) */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 30;

/** Interval between two checks of the timeouts, in milliseconds: no timeout is shorter than a second. */
export const SWEEP_MS = 250;

/** How long input after a last answer is read and discarded, in milliseconds, so that the client can read that answer. */
export const LINGER_MS = 2_000;

/** Most bytes of that input: a client that has not read the answer by then gets RST. */
export const MAX_LINGER_BYTES = 1_048_576;

/** Default of the unsent bytes at which a stream's connection is closed: 1 MiB. */
export const DEFAULT_MAX_UNSENT_BYTES = 1_048_576;

/** How long a stream may make no progress while bytes are unsent, in milliseconds. */
export const STREAM_STALL_MS = 30_000;

/** How long `stop` waits for answers and clients, in milliseconds, before it closes by force. */
export const STOP_TIMEOUT_MS = 30_000;

/** Interval between two checks whether `stop` is done, in milliseconds. */
export const STOP_POLL_MS = 50;
