// `docs/errors.md`, made of the tables of codes in the sources.
//
// Each code of ERROR_CODES needs a line here that says what to do about it; without one this file does not compile.

import { DIAL_FAILURES } from '../../ts/sockman/dial/failure.ts';
import { TOR_FAILURES } from '../../ts/tor/failure.ts';
import { ERROR_CODES } from '../../ts/util/errors/errors.ts';
import type { ErrorCode } from '../../ts/util/errors/errors.ts';

const WHAT_TO_DO: Readonly<Record<ErrorCode, string>> = {
  ERR_SOCKMAN_INVALID_ARG: 'Fix the call: the message names the argument, what it takes and what came.',
  ERR_SOCKMAN_OUT_OF_RANGE: 'Fix the call: the message names the argument and its range.',
  ERR_SOCKMAN_STATE:
    'Fix the order of calls, or the options that a call needs. `SockMan`: dialing before `startSocketsThreads`; starting twice; ' +
    'starting or binding after `interruptNet`; `duplex` of a connection that is handed over, or was closed meanwhile: that one catch. `Connman`: starting twice ' +
    'or after `stop`, or stopped before the start was over; dialing or statistics before the start. `PeerManager`: one for two nodes; used without a node; a private ' +
    'broadcast without the option. `HttpServer`: starting twice; a second answer to a request. Transports: taking a message before ' +
    'one is complete. `VirtualClock`: advanced inside a callback.',
  ERR_SOCKMAN_BACKEND:
    'Leave `backend` and `poller` (or `SOCKMAN_BACKEND`, `SOCKMAN_POLLER`) to their defaults, or build the addon: ' +
    '`node node_modules/sockman/native/build.mjs`.',
  ERR_SOCKMAN_DECODE: 'Treat the input as hostile: close the connection that sent it.',
  ERR_SOCKMAN_FILE_CORRUPT: 'Restore the file or move it away; a node then starts with an empty one.',
  ERR_SOCKMAN_FILE_NEWER: 'Use the release that wrote the file, or another data folder.',
  ERR_SOCKMAN_FILE_LOCKED: 'Stop the other process, or use another data folder.',
  ERR_SOCKMAN_TOR_CONTROL: 'See `failure` in the table of the control port below.',
  ERR_SOCKMAN_SYSTEM: 'See `code` and `syscall`, as with any error of Node.',
};

const LOUDNESS = {
  silent: 'never',
  debug: 'debug',
  importance: 'info for a dial by hand, else debug',
  info: 'info',
  error: 'error',
} as const;

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The page, as it should be. */
export function errorsPage(): string {
  const codes = (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => [
    `\`${code}\``,
    ERROR_CODES[code],
    WHAT_TO_DO[code],
  ]);
  const dials = Object.entries(DIAL_FAILURES).map(([code, { words, proxyFailed, log }]) => [
    `\`${code}\``,
    words,
    proxyFailed ? 'yes' : '',
    LOUDNESS[log],
  ]);
  const tor = Object.entries(TOR_FAILURES).map(([failure, words]) => [`\`${failure}\``, words]);
  return `# Errors

<!-- Generated from the tables in ts/ and test/docs/errors-page.ts: npx vitest run test/docs/errors -u -->

Test \`code\`, never the class or the message: two copies of the package agree on codes, and messages may change in any release.
Codes keep their meaning.

Conditions of the network are results or events. A dial that fails resolves with a \`code\`; a bind that fails returns one;
a reset is the third argument of \`eventGotPermanentReadError\`; a full queue is a negative result of \`queueBytes\`.

## What is thrown

${table(['`code`', 'meaning', 'what to do'], codes)}

A \`SystemError\` has Node's own shape: \`code\` is the name of the errno (\`ECONNRESET\`), and \`sockmanCode\` is \`ERR_SOCKMAN_SYSTEM\`.
A \`FileError\` tells of damage and of refusals alike: its \`code\` is from this table, and Node's error is its \`cause\`.

## Dials that fail

\`code\` of the result of \`connectAndMakeNodeId\`. "Proxy" marks failures that say nothing about the destination (\`proxyFailed\`); "log" is the
level at which a failure is logged. \`onStep\`, and \`sockman dial\` in the shell, tell how far a dial came.

${table(['`code`', 'meaning', 'proxy', 'log'], dials)}

## Tor's control port

\`failure\` of a \`TorControlError\`, whose \`code\` is \`ERR_SOCKMAN_TOR_CONTROL\`.

${table(['`failure`', 'meaning'], tor)}
`;
}
