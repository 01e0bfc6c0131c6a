// The bench dial-socks5 on SockMan. Arguments and output are those of dial-socks5.c; with a fifth argument `hold` it keeps
// DIALS dials pending at a proxy that never answers, and prints the bytes of each.

import { readFileSync } from 'node:fs';
import { Service, createSockMan } from '../../esm/index.js';
import { measureDials } from '../lib/dials.mjs';

const [proxyPort, targetPort, dials, window] = process.argv.slice(2, 6).map(Number);
const to = { host: '127.0.0.1', port: targetPort };
const options = { proxy: Service.parse(`127.0.0.1:${proxyPort}`) };
const sockMan = createSockMan({ eventGotData() {} });
sockMan.startSocketsThreads();

/** Bytes in use after garbage collection: live objects, and anonymous memory including the heap's reserve. */
async function memoryInUse() {
  for (let pass = 0; pass < 4; pass += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  const [, kilobytes] = /^Anonymous: +(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'));
  return { live: heapUsed + external, anonymous: Number(kilobytes) * 1024 };
}

/** Starts dials that wait for the proxy's first answer, and resolves when all of them do. */
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
  // The first dials pay for code and buffers that all dials share.
  await startPending(Math.ceil(dials / 10));
  const before = await memoryInUse();
  await startPending(dials);
  const after = await memoryInUse();
  return { live: (after.live - before.live) / dials, anonymous: (after.anonymous - before.anonymous) / dials };
}

async function dialOnce() {
  const { nodeId, errmsg } = await sockMan.connectAndMakeNodeId(to, options);
  if (nodeId === undefined) throw new Error(errmsg);
  sockMan.closeConnection(nodeId);
}

const isHolding = process.argv[6] === 'hold';
console.log(JSON.stringify(await (isHolding ? measureMemory() : measureDials(dialOnce, dials, window))));
await sockMan[Symbol.asyncDispose]();
