// System calls that fail: which are tried, and how one run with one of them is judged. Runs `scenario.mjs` under
// `strace -e inject`; needs Linux, strace and a built package.
//
// Left out: `close` (a close that strace makes fail leaves the descriptor open, which systems do not), the calls that libuv
// aborts the process over (`epoll_ctl` and `epoll_wait` of its own), and what passes by itself (`PASSING`) at every call.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCENARIO = join(import.meta.dirname, 'scenario.mjs');
const TIMEOUT_MS = 120_000;
/** The scenario takes 0.5 s of the processor; each step that waits for what does not come, next to nothing. */
const MAX_CPU_MS = 2_500;

const COMMON = ['ENOMEM', 'ENOBUFS'];
/** What Linux tells of a connection that is waiting to be accepted (accept(2)). */
const OF_THE_NETWORK = [
  'ENETDOWN',
  'EPROTO',
  'ENOPROTOOPT',
  'EHOSTDOWN',
  'ENONET',
  'EHOSTUNREACH',
  'EOPNOTSUPP',
  'ENETUNREACH',
];
/** Calls of sockets: nobody else in the process makes them. */
const SOCKET_CALLS = {
  socket: ['EMFILE', 'ENFILE', 'EACCES', 'EAFNOSUPPORT', ...COMMON],
  bind: ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'],
  listen: ['EADDRINUSE', 'EOPNOTSUPP'],
  accept4: ['EAGAIN', 'EINTR', 'ECONNABORTED', 'EPERM', 'EMFILE', 'ENFILE', ...COMMON, ...OF_THE_NETWORK],
  connect: ['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL', 'EINTR', 'EACCES', 'EPERM'],
  sendto: ['EAGAIN', 'EINTR', 'EPIPE', 'ECONNRESET', 'EPERM', ...COMMON],
  recvfrom: ['EAGAIN', 'EINTR', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', ...COMMON],
  setsockopt: ['ENOPROTOOPT', 'EINVAL', 'EPERM'],
  getsockopt: ['ENOPROTOOPT', 'ENOBUFS'],
  getsockname: ['ENOBUFS', 'ENOTCONN'],
  getpeername: ['ENOBUFS', 'ENOTCONN'],
  shutdown: ['ENOTCONN'],
};
/** Calls on files; nobody else in the process makes them once Node has started. */
const FILE_CALLS = {
  fsync: ['EIO', 'ENOSPC'],
  rename: ['EACCES', 'ENOSPC', 'EXDEV'],
  unlink: ['EACCES', 'EBUSY'],
  mkdir: ['EACCES', 'ENOSPC'],
  ftruncate: ['EIO', 'EINVAL'],
  fdatasync: ['EIO', 'ENOSPC'],
};
/** Calls that Node makes for itself, too: those on files of the data folder alone, which excludes new files. */
const FILTERED_CALLS = {
  openat: ['EACCES', 'EMFILE', 'EROFS', 'EINTR'],
  read: ['EIO'],
  write: ['ENOSPC', 'EIO', 'EDQUOT'],
  fcntl: ['ENOLCK', 'EAGAIN'],
};
const DATA_FILES = [
  ...['peers.dat', 'banlist.json', 'anchors.dat', '.lock'].map((name) => `/regtest/${name}`),
  ...['crawl.json', 'known.journal', 'records.ndjson', 'records-1.ndjson', '.lock'].map((name) => `-crawl/${name}`),
];
const MOMENTS = ['1', '3', '1+'];
/** What passes by itself, at every third call of these at once: everything has to come to its end all the same. */
const STORMS = { calls: 'accept4,sendto,recvfrom', errors: ['EAGAIN', 'EINTR'], moment: '2+3' };
/**
 * These pass by themselves: a signal, a moment without work, a connection that is off the queue then, or that a firewall refuses.
 * Everything comes to its end.
 */
const PASSING = {
  accept4: ['EAGAIN', 'EINTR', 'ECONNABORTED', 'EPERM', ...OF_THE_NETWORK],
  sendto: ['EAGAIN', 'EINTR'],
  recvfrom: ['EAGAIN', 'EINTR'],
  openat: ['EINTR'],
};
const isPassing = (call, error) => PASSING[call]?.includes(error) === true;

/**
 * @typedef {object} Fault
 * @property {string} call
 * @property {string} error
 * @property {string} moment Which of the calls, as strace has it.
 * @property {'sockets' | 'files' | 'data files' | 'storm'} kind Whose calls.
 */

/**
 * Every fault there is to try.
 * @param {readonly string[]} names Those calls alone, or `CALL:ERROR`; all without one.
 * @returns {Fault[]}
 */
export function faultsToTry(names = []) {
  const storms = STORMS.errors.map((error) => ({ call: STORMS.calls, error, moment: STORMS.moment, kind: 'storm' }));
  const single = [
    ...Object.entries(SOCKET_CALLS).map(([call, errors]) => ({ call, errors, kind: 'sockets' })),
    ...Object.entries(FILE_CALLS).map(([call, errors]) => ({ call, errors, kind: 'files' })),
    ...Object.entries(FILTERED_CALLS).map(([call, errors]) => ({ call, errors, kind: 'data files' })),
  ]
    .flatMap(({ call, errors, kind }) => errors.map((error) => ({ call, error, kind })))
    .filter(({ call, error }) => names.length === 0 || names.includes(call) || names.includes(`${call}:${error}`))
    .flatMap((one) => MOMENTS.map((moment) => ({ ...one, moment })))
    .filter(({ call, error, moment }) => moment !== '1+' || !isPassing(call, error));
  return names.length === 0 ? [...single, ...storms] : single;
}

/**
 * Runs a command to its end. What it complains of goes to a file: of a socket, Node would ask what fails here.
 * @param {string[]} command @param {string} complaints
 */
async function run([file, ...args], complaints) {
  const errors = openSync(complaints, 'w');
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', errors] });
  closeSync(errors);
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const [status, signal] = await new Promise((resolve) => child.once('close', (...how) => resolve(how)));
  clearTimeout(timer);
  return { status, signal, complaint: readFileSync(complaints, 'utf8') };
}

/**
 * One run with one fault. For calls on files there is a run before, so that there are files, and one after: are they intact?
 * @param {Fault} fault
 * @returns {Promise<{ injected: number, fault: string, outcome: string }>} How often the call failed, what is wrong with what
 *   came of it (empty: nothing), and which steps did not come to their end.
 */
export async function tryFault({ call, error, moment, kind }) {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const [trace, data, complaints] = ['trace', 'data', 'complaints'].map((name) => join(folder, name));
  const touchesFiles = kind === 'files' || kind === 'data files';
  const hasToEnd = kind === 'storm' || isPassing(call, error);
  const plain = [process.execPath, SCENARIO, data];
  if (touchesFiles) plain.push('crawl');
  if (hasToEnd) plain.push('patient');
  try {
    if (touchesFiles) await run(plain, complaints);
    rmSync(`${data}.json`, { force: true });
    const paths = kind === 'data files' ? DATA_FILES.flatMap((name) => ['-P', data + name]) : [];
    const rule = `inject=${call}:error=${error}:when=${moment}`;
    const ended = await run(
      ['strace', '-f', '-qq', '-o', trace, ...paths, '-e', `trace=${call}`, '-e', rule, ...plain],
      complaints,
    );
    const verdict = verdictOf(ended, resultIn(data));
    if (touchesFiles) rmSync(`${data}.json`, { force: true });
    if (touchesFiles) await run(plain, complaints);
    const { node, crawl } = resultIn(data)?.done ?? {};
    const isIntact = !touchesFiles || (node === 'done' && crawl === 'done');
    const injected = readFileSync(trace, 'latin1').split('(INJECTED)').length - 1;
    const isCut = hasToEnd && verdict.outcome !== '';
    const fault = [verdict.fault, !isIntact && 'data spoilt', isCut && 'not all comes to its end']
      .filter(Boolean)
      .join(', ');
    return { injected, ...verdict, fault };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} data */
const resultIn = (data) => (existsSync(`${data}.json`) ? JSON.parse(readFileSync(`${data}.json`, 'utf8')) : undefined);

/** @param {{ status: number | null, signal: string | null, complaint: string }} ended @param {any} result */
function verdictOf({ status, signal, complaint }, result) {
  if (signal !== null) return { fault: `hangs or ends with ${signal}`, outcome: '' };
  if (status !== 0 || result === undefined) {
    return { fault: `ends with ${status}: ${complaint.trim().split('\n').slice(0, 3).join(' ')}`, outcome: '' };
  }
  const { done, left, cpuMs } = result;
  const outcome = Object.entries(done)
    .filter(([, what]) => what !== 'done')
    .map(([name, what]) => `${name}: ${what}`)
    .join(', ');
  const uncoded = Object.values(done).some((what) => what.startsWith('uncoded'));
  const fault = [
    uncoded && 'throws without a code',
    left.length > 0 && `descriptors left: ${left.join(' ')}`,
    cpuMs > MAX_CPU_MS && `${cpuMs} ms of the processor`,
  ];
  return { fault: fault.filter(Boolean).join(', '), outcome };
}
