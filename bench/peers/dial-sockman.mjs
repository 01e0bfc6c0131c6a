// The bench dial-socks5 on SockMan. Arguments and output are those of dial-socks5.c; a fifth argument `hold` instead keeps
// DIALS dials pending at a proxy that never answers, and prints the bytes that each of them takes.

import { readFileSync } from 'node:fs';
import { Service, createSockMan } from '../../esm/index.js';

/** As in dial-socks5.c. */
const WARM_UP_DIALS = 10_000;

const [proxyPort, targetPort, dials, window] = process.argv.slice(2, 6).map(Number);
const to = { host: '127.0.0.1', port: targetPort };
const options = { proxy: Service.parse(`127.0.0.1:${proxyPort}`) };
const sockMan = createSockMan({ eventGotData() {} });
sockMan.startSocketsThreads();

/** Bytes in use after garbage collection: live objects, and anonymous memory with what the heap keeps in reserve. */
async function memoryInUse() {
  for (let pass = 0; pass < 4; pass += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  const [, kilobytes] = /^Anonymous: +(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'));
  return { live: heapUsed + external, anonymous: Number(kilobytes) * 1024 };
}

/** Starts dials that will wait for the proxy's first answer, and resolves when all of them do. */
function startPending(count) {
  return new Promise((resolve) => {
    let waiting = 0;
    const onStep = (step) => {
      if (step === 'SOCKS5 method choice' && ++waiting === count) resolve();
    };
    for (let at = 0; at < count; at += 1) void sockMan.connectAndMakeNodeId(to, { ...options, onStep });
  });
}

async function measureMemory() {
  // The first dials pay for code and buffers that all of them share.
  await startPending(Math.ceil(dials / 10));
  const before = await memoryInUse();
  await startPending(dials);
  const after = await memoryInUse();
  return { live: (after.live - before.live) / dials, anonymous: (after.anonymous - before.anonymous) / dials };
}

/** Keeps `window` dials in flight until `count` are done. */
async function dialAll(count) {
  let started = 0;
  const dialOn = async () => {
    while (started < count) {
      started += 1;
      const { nodeId, errmsg } = await sockMan.connectAndMakeNodeId(to, options);
      if (nodeId === undefined) throw new Error(errmsg);
      sockMan.closeConnection(nodeId);
    }
  };
  await Promise.all(Array.from({ length: window }, dialOn));
}

async function measureRate() {
  await dialAll(Math.min(WARM_UP_DIALS, dials));
  const cpu = process.cpuUsage();
  const began = performance.now();
  await dialAll(dials);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, user: user / 1e6, system: system / 1e6 };
}

console.log(JSON.stringify(process.argv[6] === 'hold' ? await measureMemory() : await measureRate()));
await sockMan[Symbol.asyncDispose]();
