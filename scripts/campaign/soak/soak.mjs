// A soak: peers, HTTP clients and dials come to a server and go, cycle after cycle. Between two cycles, when all are gone, the
// server counts what it still has. None of that may grow, by the rule of lib/trend.mjs.
//
// `node scripts/campaign/soak/soak.mjs [--minutes N] [--rest SECONDS] [--samples FILE]`, for a built package. The rest is between
// two cycles; each takes about a second of a processor.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, connect } from 'node:net';
import { parseArgs } from 'node:util';
import { Connman, PeerManager } from '../../../esm/connman.js';
import { createSockMan } from '../../../esm/index.js';
import { grows, trendOf } from '../lib/trend.mjs';

const KIB = 1_024;
/** What each series may grow by. RSS also moves with the allocator's whims. */
const ALLOWED = {
  rss: { share: 0.05, atLeast: 8 * KIB * KIB },
  heapUsed: { share: 0.002, atLeast: 16 * KIB },
  external: { share: 0.002, atLeast: 16 * KIB },
  arrayBuffers: { share: 0.002, atLeast: 16 * KIB },
  descriptors: { share: 0, atLeast: 0.5 },
  handles: { share: 0, atLeast: 0.5 },
};
/**
 * The server is interpreted. V8 compiles for as long as a program runs, ever less: machine code, with what belongs to it, is all
 * that the heap grew by otherwise, by more than the leaks that are looked for.
 */
const SERVER_FLAGS = ['--expose-gc', '--no-opt', '--no-maglev', '--no-sparkplug'];
const PEERS = 6;
const HTTP_CLIENTS = 8;
const CALLS = 5;
const DIALS = 20;
const RUDE_CLIENTS = 10;
const REST_SECONDS = 1;

/** What answers the server's dials: an echo, and a SOCKS5 proxy that grants everything and then echoes. */
function listenFor(isProxy) {
  const steps = new Map();
  const server = createSockMan({
    eventGotData(nodeId, data) {
      const step = isProxy ? (steps.get(nodeId) ?? 0) : 3;
      steps.set(nodeId, step + 1);
      if (step === 0) server.queueBytes(nodeId, Buffer.from([5, data.includes(2, 2) ? 2 : 0]));
      else if (step === 1 && data[0] === 1) server.queueBytes(nodeId, Buffer.from([1, 0]));
      else if (step < 3 && data[0] === 5) {
        server.queueBytes(nodeId, Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]));
        steps.set(nodeId, 3);
      } else server.queueBytes(nodeId, data);
    },
    eventConnectionClosed: (nodeId) => void steps.delete(nodeId),
  });
  server.startSocketsThreads();
  const { bound } = server.bindAndStartListening('127.0.0.1:0');
  return { at: String(bound), close: () => server.close() };
}

/** An address that refuses. */
async function refusingAddress() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

/** A peer that becomes ready, stays for a moment, and goes. */
async function visit(p2p, index) {
  const peer = new Connman({ chain: 'regtest', connect: [p2p], listen: false, v2Transport: index % 2 === 0 });
  const manager = new PeerManager();
  const ready = new Promise((resolve) => manager.on('peerReady', resolve));
  await peer.start(manager);
  await ready;
  await peer.stop();
}

/** Clients that say a little, or rubbish, and go by reset or without a word. */
async function rudeClient(at, index) {
  const [host, port] = at.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (index % 3 > 0) socket.write(Buffer.alloc(index * 37, index));
  await new Promise((resolve) => setTimeout(resolve, index));
  if (index % 2 === 0) socket.resetAndDestroy();
  else socket.destroy();
  if (!socket.closed) await once(socket, 'close');
}

/** A client that asks two things at a time on connections that it keeps, and leaves. */
async function httpClient(at, index) {
  const agent = new Agent({ keepAlive: true });
  const authorization = `Basic ${btoa(index % 4 === 3 ? 'who:knows' : 'soak:soak')}`;
  const send = async (method, path, body) => {
    const sent = request(`http://${at}${path}`, { method, agent, headers: { authorization } }).end(body);
    const [answer] = await once(sent, 'response');
    await once(answer.resume(), 'end');
  };
  for (let call = 0; call < CALLS; call++) {
    const method = ['getpeerinfo', 'getnetworkinfo', 'uptime', 'nonsense'][call % 4];
    await Promise.all([send('POST', '/', JSON.stringify({ id: call, method })), send('GET', '/metrics')]);
  }
  agent.destroy();
}

/**
 * @param {{ minutes: number, restSeconds?: number, samplesFile?: string }} options
 * @returns {Promise<{ cycles: number, rows: object[], findings: string[] }>}
 */
export async function soak({ minutes, restSeconds = REST_SECONDS, samplesFile }) {
  const server = fork(new URL('server.mjs', import.meta.url), { execArgv: SERVER_FLAGS });
  const [places] = await once(server, 'message');
  const waiting = new Map();
  let lastId = 0;
  server.on('message', ({ id, answer }) => (waiting.get(id)(answer), waiting.delete(id)));
  const ended = once(server, 'exit').then(([status, signal]) =>
    Promise.reject(new Error(`ended: ${status ?? signal}`)),
  );
  ended.catch(() => {});
  const ask = (what) => {
    const id = ++lastId;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    server.send({ id, ...what });
    return Promise.race([answer, ended]);
  };
  const [echo, proxy, refusing] = [listenFor(false), listenFor(true), await refusingAddress()];
  const samples = [];
  const findings = [];
  let cycles = 0;
  try {
    for (const end = performance.now() + minutes * 60_000; performance.now() < end; cycles++) {
      const dials = Array.from({ length: DIALS }, (_, index) => {
        const kind = index % 4;
        const to = kind === 0 ? refusing : kind === 3 ? '192.0.2.1:80' : echo.at;
        return { to, proxy: kind === 3 ? proxy.at : undefined, bytes: 1 + index * 5_000 };
      });
      const times = (count, run) => Array.from({ length: count }, (_, index) => run(index));
      const [answers] = await Promise.all([
        ask({ ask: 'dial', dials }),
        ...times(PEERS, (index) => visit(places.p2p, index)),
        ...times(HTTP_CLIENTS, (index) => httpClient(places.http, index)),
        ...times(RUDE_CLIENTS, (index) => rudeClient(index % 3 === 0 ? places.http : places.p2p, index)),
      ]);
      const succeeded = answers.filter(Boolean).length;
      if (succeeded !== DIALS * 0.75) findings.push(`cycle ${cycles}: ${succeeded} of ${DIALS} dials came about`);
      const sample = await ask({ ask: 'sample' });
      if (sample.isBusy) findings.push(`cycle ${cycles}: connections are left`);
      samples.push(sample);
      if (samplesFile !== undefined) appendFileSync(samplesFile, `${JSON.stringify({ at: Date.now(), ...sample })}\n`);
      await new Promise((resolve) => setTimeout(resolve, restSeconds * 1_000));
    }
    await ask({ ask: 'stop' });
  } catch (error) {
    findings.push(`the server ${String(error.message)}`);
  } finally {
    server.kill('SIGKILL');
    await Promise.all([echo.close(), proxy.close()]);
  }
  const rows = Object.entries(ALLOWED).map(([name, allowed]) => {
    const series = samples.map((sample) => sample[name]);
    const { from, to, growth, z, isLongEnough } = trendOf(series);
    if (grows(series, allowed)) findings.push(`${name} grows: from ${from} to ${to}`);
    return {
      series: name,
      from,
      to,
      growth: Math.round(growth),
      z: z.toFixed(1),
      judged: isLongEnough ? 'yes' : 'too short',
    };
  });
  return { cycles, rows, findings };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      rest: { type: 'string', default: String(REST_SECONDS) },
      samples: { type: 'string' },
    },
  });
  const outcome = await soak({
    minutes: Number(values.minutes),
    restSeconds: Number(values.rest),
    samplesFile: values.samples,
  });
  console.table(outcome.rows);
  console.log(`${outcome.cycles} cycles; findings: ${outcome.findings.join('; ') || 'none'}`);
  process.exitCode = outcome.findings.length === 0 ? 0 : 1;
}
