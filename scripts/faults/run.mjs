// Does anything crash, hang, spin or leak when system calls fail? Runs `scenario.mjs` under `strace -e inject`, once for each
// call, error and moment, and prints a table. `node scripts/faults/run.mjs [CALL…]`; needs Linux, strace and a built package.
//
// Left out: `close` (a close that strace makes fail leaves the descriptor open, which systems do not), the calls that libuv
// aborts the process over (`epoll_ctl` and `epoll_wait` of its own), and what passes by itself (EAGAIN, EINTR …) at every call.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCENARIO = join(import.meta.dirname, 'scenario.mjs');
const TIMEOUT_MS = 60_000;
/** The scenario takes 0.3 s of the processor; each step that waits for what does not come, next to nothing. */
const MAX_CPU_MS = 2_500;

const COMMON = ['ENOMEM', 'ENOBUFS'];
/** Calls of sockets: nobody else in the process makes them. */
const SOCKET_CALLS = {
  socket: ['EMFILE', 'ENFILE', 'EACCES', 'EAFNOSUPPORT', ...COMMON],
  bind: ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'],
  listen: ['EADDRINUSE', 'EOPNOTSUPP'],
  accept4: ['EAGAIN', 'EINTR', 'ECONNABORTED', 'EPERM', 'EMFILE', 'ENFILE', ...COMMON],
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
};
/** Calls that Node makes for itself, too: those on files of the data folder alone, which excludes new files. */
const FILTERED_CALLS = {
  openat: ['EACCES', 'EMFILE', 'EROFS', 'EINTR'],
  read: ['EIO'],
  write: ['ENOSPC', 'EIO'],
};
const DATA_FILES = ['peers.dat', 'banlist.json', 'anchors.dat', '.lock'];
const MOMENTS = ['1', '3', '1+'];
/** These pass by themselves: a signal, a moment without work, a connection that is off the queue then. */
const PASSING = new Set(['EAGAIN', 'EINTR', 'ECONNABORTED']);
/** As `PASSING`, of an accept that a firewall refuses. */
const isPassing = (call, error) => PASSING.has(error) || (call === 'accept4' && error === 'EPERM');

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
 * @param {string} call @param {string} error @param {string} moment @param {'sockets' | 'files' | 'data files'} kind
 */
async function inject(call, error, moment, kind) {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const [trace, data, complaints] = ['trace', 'data', 'complaints'].map((name) => join(folder, name));
  const plain = [process.execPath, SCENARIO, data];
  try {
    if (kind !== 'sockets') await run(plain, complaints);
    rmSync(`${data}.json`, { force: true });
    const paths = kind === 'data files' ? DATA_FILES.flatMap((name) => ['-P', `${data}/regtest/${name}`]) : [];
    const rule = `inject=${call}:error=${error}:when=${moment}`;
    const ended = await run(
      ['strace', '-f', '-qq', '-o', trace, ...paths, '-e', `trace=${call}`, '-e', rule, ...plain],
      complaints,
    );
    const verdict = verdictOf(ended, resultIn(data));
    if (kind !== 'sockets') await run(plain, complaints);
    const isIntact = kind === 'sockets' || resultIn(data)?.done.node === 'done';
    const injected = readFileSync(trace, 'latin1').split('(INJECTED)').length - 1;
    return { injected, ...verdict, fault: [verdict.fault, !isIntact && 'data spoilt'].filter(Boolean).join(', ') };
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
    left > 0 && `${left} descriptors left`,
    cpuMs > MAX_CPU_MS && `${cpuMs} ms of the processor`,
  ];
  return { fault: fault.filter(Boolean).join(', '), outcome };
}

const asked = process.argv.slice(2);
const calls = [
  ...Object.entries(SOCKET_CALLS).map(([call, errors]) => ({ call, errors, kind: 'sockets' })),
  ...Object.entries(FILE_CALLS).map(([call, errors]) => ({ call, errors, kind: 'files' })),
  ...Object.entries(FILTERED_CALLS).map(([call, errors]) => ({ call, errors, kind: 'data files' })),
].filter(({ call }) => asked.length === 0 || asked.includes(call));
/** @param {string} text */
const cell = (text) => text.replaceAll('|', '/').replaceAll('\n', ' ');
let faults = 0;
console.log('| call | error | at | injected | fault | what else did not come to its end |');
console.log('| --- | --- | --- | --: | --- | --- |');
for (const { call, errors, kind } of calls) {
  for (const error of errors) {
    for (const moment of MOMENTS) {
      if (moment === '1+' && isPassing(call, error)) continue;
      const { injected, fault, outcome } = await inject(call, error, moment, kind);
      if (injected === 0) continue;
      if (fault !== '') faults++;
      const at = moment === '1+' ? 'every' : moment;
      console.log(`| ${call} | ${error} | ${at} | ${injected} | ${cell(fault)} | ${cell(outcome)} |`);
    }
  }
}
console.log(`\n${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
