// Mutation without coverage: many more executions a second than Jazzer.js gives, from the inputs that it found.
//
//   node test/fuzz/blind.mjs [TARGET…] [--seconds N] [--seed N] [--show EXECUTION]
//
//   --seconds  for each target (10)
//   --seed     of the mutations; left out, each run goes on with a seed that none before it here had
//   --show     prints the inputs from that execution of the seed on, in Base64: for a target that got stuck
//
// A target runs in a thread, with a small heap: one that takes too long, or too much, is a finding. Executions of all runs are
// added up in .campaign/executions/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { BUILD, anySeed, bundle } from '../../scripts/campaign/lib/bundle.mjs';

const TOTALS = join(BUILD, 'executions');
/** What takes longer, of the processor, or more memory is a finding: others may have the machine. */
const STUCK_MS = 10_000;
const HEAP_MB = 512;
/** Executions between two looks at the clock. */
const BATCH = 64;

/** In the thread. */
const PROGRAM = `
import { parentPort, workerData } from 'node:worker_threads';
import { keptInputs } from './test/fuzz/inputs.ts';
import { Mutator } from './test/fuzz/mutator.ts';
import { TARGETS } from './test/fuzz/targets/index.ts';
import { seededUint32 } from './test/harness/data/seeded-uint32.ts';

const TELL_MS = 500;
const { name, seed, seconds, show, batch } = workerData;
const target = TARGETS[name]!;
const inputs = [...target.seeds(), ...keptInputs('corpora', name), ...keptInputs('findings', name)];
const mutator = new Mutator(inputs, target.words ?? [], seededUint32(seed));
const asText = (input: Uint8Array): string => Buffer.from(input).toString('base64');

/** A stack for each refusal would take most of the time: a finding is run once more for its own. */
Error.stackTraceLimit = 0;

function explain(input: Uint8Array, first: unknown): string {
  Error.stackTraceLimit = 20;
  try {
    target.run(Uint8Array.from(input));
  } catch (error) {
    return String((error as Error).stack);
  }
  return String(first).concat(' (not when run once more)');
}

function run(): void {
  let executions = 0;
  const end = performance.now() + seconds * 1_000;
  for (let now = performance.now(), toldAt = now; now < end; now = performance.now()) {
    for (let left = batch; left > 0; left--) {
      const input = mutator.next();
      executions++;
      try {
        target.run(input);
      } catch (error) {
        return parentPort!.postMessage({ executions, input: asText(input), what: explain(input, error) });
      }
    }
    if (now - toldAt < TELL_MS) continue;
    parentPort!.postMessage({ executions });
    toldAt = now;
  }
  parentPort!.postMessage({ executions, isOver: true });
}

if (show === undefined) run();
else {
  for (let index = 0; index < show; index++) mutator.next();
  parentPort!.postMessage(Array.from({ length: batch }, () => asText(mutator.next())));
}
`;

/** The names of all targets. */
export async function targetNames() {
  const path = await bundle('targets', `export { TARGETS } from './test/fuzz/targets/index.ts';`);
  return Object.keys(createRequire(import.meta.url)(path).TARGETS);
}

/**
 * What all runs of a target came to.
 * @param {string} name
 * @returns {{ executions: number, seed: number }} With the seed of the next run.
 */
export function totalOf(name) {
  const path = join(TOTALS, `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { executions: 0, seed: anySeed() };
}

/**
 * Runs one target.
 * @param {{ name: string, seconds: number, seed?: number }} options
 * @returns {Promise<{ target: string, executions: number, 'a second': number, finding: string | undefined }>}
 */
export async function runBlind({ name, seconds, seed: given }) {
  const total = totalOf(name);
  const seed = given ?? total.seed;
  const worker = new Worker(await bundle(`blind-${name}`, PROGRAM), {
    workerData: { name, seed, seconds, batch: BATCH },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const began = performance.now();
  let executions = 0;
  let watch;
  const finding = await new Promise((resolve) => {
    const behind = () => `behind execution ${executions} of seed ${seed}`;
    const cpuMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1_000;
    let lastAt = cpuMs();
    watch = setInterval(() => {
      if (cpuMs() - lastAt > STUCK_MS) resolve(`stuck ${behind()}`);
    }, 1_000);
    worker.on('message', (told) => {
      lastAt = cpuMs();
      executions = told.executions;
      if (told.what !== undefined) resolve(`${told.what}\nto keep in findings/${name}.txt: ${told.input}`);
      if (told.isOver === true) resolve(undefined);
    });
    worker.on('error', (error) => resolve(`${String(error.stack)} ${behind()}`));
  });
  clearInterval(watch);
  await worker.terminate();
  mkdirSync(TOTALS, { recursive: true });
  const sum = { executions: total.executions + executions, seed: total.seed + 1 };
  writeFileSync(join(TOTALS, `${name}.json`), `${JSON.stringify(sum)}\n`);
  const elapsedSeconds = (performance.now() - began) / 1_000;
  return { target: name, executions, 'a second': Math.round(executions / elapsedSeconds), finding };
}

/** The inputs from one execution on. */
async function show(name, seed, execution) {
  const workerData = { name, seed, show: execution, batch: 2 * BATCH };
  const worker = new Worker(await bundle(`blind-${name}`, PROGRAM), { workerData });
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' }, show: { type: 'string' } },
  });
  const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
  for (const name of positionals.length === 0 ? await targetNames() : positionals) {
    if (values.show !== undefined) {
      for (const text of await show(name, seed.seed ?? 1, Number(values.show))) console.log(text);
      continue;
    }
    const { finding, ...counts } = await runBlind({ name, seconds: Number(values.seconds), ...seed });
    console.log(`${name}: ${counts.executions} executions, ${counts['a second']} a second`);
    if (finding === undefined) continue;
    console.log(`${name}: FINDING\n${finding}`);
    process.exitCode = 1;
  }
}
