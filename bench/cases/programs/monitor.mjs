// What does a held peer cost: memory besides the kernel's, CPU at rest, and one block that all of them announce?
//
//   node bench/cases/programs/monitor.mjs                some minutes; needs a built package
//   node bench/cases/programs/monitor.mjs --held 5000
//   node bench/cases/programs/monitor.mjs --smoke        seconds: does every part still run?
//
// A village of V2 nodes in one process, a monitor that holds all of them in another: as many as descriptors allow, or
// 32,000. Memory is anonymous memory after garbage collection with all of them held, less the same with a tenth of them,
// divided by the difference: so the program itself does not count.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { descriptorLimit } from '../../lib/processes.mjs';

/** Connections that a monitor is to hold, and the goal for each, in bytes. */
const WANTED = 32_000;
const GOAL_BYTES = 6 * 1_024;
/** Descriptors besides those of connections. */
const OTHER_DESCRIPTORS = 100;
const REST_MS = 10_000;

const { values: options } = parseArgs({
  options: { held: { type: 'string', default: String(WANTED) }, smoke: { type: 'boolean', default: false } },
});
const HELD = Math.min(options.smoke ? 200 : Number(options.held), descriptorLimit() - OTHER_DESCRIPTORS);

const place = (name) => fileURLToPath(new URL(`../../servers/${name}`, import.meta.url));
const start = (name, ...args) => fork(place(name), args.map(String), { execArgv: ['--expose-gc'] });

async function ask(child, wish) {
  const answer = once(child, 'message');
  child.send(wish);
  return (await answer)[0];
}

/** Holds this many peers. */
async function hold(count) {
  const village = start('crawl-village.mjs', count, 'both', 1_000);
  const [{ seed }] = await once(village, 'message');
  const monitor = start('crawl-monitor.mjs', seed, count);
  const startedMs = performance.now();
  const { held, v2, cpuMs } = await ask(monitor, 'hold');
  if (v2 !== count) throw new Error(`${v2} of ${count} speak V2`);
  const seconds = (performance.now() - startedMs) / 1_000;
  await sleep(options.smoke ? 100 : 1_000);
  const { bytes } = await ask(monitor, 'memory');
  return {
    village,
    monitor,
    held,
    seconds,
    cpuMs,
    bytes,
    async stop() {
      for (const child of [monitor, village]) {
        const isOver = once(child, 'exit');
        child.send('stop');
        await isOver;
      }
    },
  };
}

/** CPU milliseconds of the monitor while `run` runs. */
async function cpuOf(monitor, run) {
  const before = await ask(monitor, 'picture');
  await run();
  return (await ask(monitor, 'picture')).cpuMs - before.cpuMs;
}

const few = await hold(Math.ceil(HELD / 10));
await few.stop();
const many = await hold(HELD);
const each = (many.bytes - few.bytes) / (HELD - few.held);
console.log(
  `${HELD} peers held over V2, after ${many.seconds.toFixed(1)} s and ${(many.cpuMs / HELD).toFixed(2)} ms of CPU each`,
);
console.log(
  `memory: ${(each / 1_024).toFixed(2)} KiB a peer (goal ${GOAL_BYTES / 1_024}), ${(many.bytes / 1e6).toFixed(0)} MB in all; ${WANTED} would take ${((few.bytes + each * (WANTED - few.held)) / 1e6).toFixed(0)} MB`,
);
const restMs = options.smoke ? 500 : REST_MS;
const rest = await cpuOf(many.monitor, () => sleep(restMs));
const blocks = [];
for (let number = 1; number <= 3; number++) {
  blocks.push(
    await cpuOf(many.monitor, async () => {
      const { blocksSeen, bytesReceived } = await ask(many.monitor, 'picture');
      many.village.send({ announce: number });
      // An inv of one item has 37 bytes before encryption. A peer that has left announces nothing.
      for (;;) {
        const now = await ask(many.monitor, 'picture');
        if (now.blocksSeen > blocksSeen && now.bytesReceived - bytesReceived >= now.held * 37) break;
        await sleep(20);
      }
    }),
  );
}
await many.stop();
const block = blocks.sort((a, b) => a - b)[1];

console.log(`rest, a ping to each every two minutes: ${((100 * rest) / restMs).toFixed(1)} % of a core`);
console.log(
  `one block announced by all: ${block.toFixed(0)} ms of CPU, ${((1_000 * block) / HELD).toFixed(1)} µs a peer; ${WANTED} would take ${((block * WANTED) / HELD).toFixed(0)} ms (goal 1,000)`,
);
