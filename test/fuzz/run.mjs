// `npm run fuzz`: coverage-guided search for inputs that break a target, with Jazzer.js (libFuzzer).
//
//   npm run fuzz -- [TARGET…] [--seconds N] [--keep] [--json FILE]
//
//   TARGET     as in targets/index.ts, all of them without one; or `engine`, the C++ engine under libFuzzer
//   --seconds  for each target (60)
//   --keep     writes the inputs that reach different code to corpora/TARGET.txt (native/fuzz/corpus.txt), the shortest first
//   --json     writes the table that it prints to a file as well
//
// Jazzer.js is installed into .campaign/fuzz/ by the first run: it is not a dependency, since its addon needs glibc 2.38. On older
// systems `node test/fuzz/debian-13.mjs` unpacks Debian 13's loader and libraries beside it, and Node runs under those.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { engine, keepEngineCorpus } from '../../scripts/campaign/parts/engine.mjs';

const HERE = import.meta.dirname;
const BUILD = resolve(HERE, '../../.campaign/fuzz');
const JAZZER = '@jazzer.js/core@4.0.0';

/** Bounds for one input: what takes longer, or more memory, is a finding. Long inputs are for mutation without coverage. */
const INPUT_LIMITS = ['-timeout=5', '-rss_limit_mb=2048', '-max_len=4096'];

/** How much of a corpus is kept in the tree, for each target. */
const MAX_KEPT_INPUTS = 200;
const MAX_KEPT_BYTES = 32_768;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
if (!Number.isInteger(seconds) || seconds < 1)
  throw new Error(`--seconds: expected a whole number, got '${values.seconds}'`);

mkdirSync(BUILD, { recursive: true });
if (positionals.join() === 'engine') {
  const { skipped, rows, findings } = await engine.run({ seconds });
  if (skipped !== undefined) throw new Error(skipped);
  console.table(rows);
  for (const finding of findings) console.log(finding);
  if (values.keep && findings.length === 0) console.log(`${keepEngineCorpus()} inputs reach different code`);
  process.exit(findings.length === 0 ? 0 : 1);
}
const node = nodeCommand();
const { TARGETS, keptInputs } = await bundled();
for (const name of positionals)
  if (!(name in TARGETS)) throw new Error(`no target '${name}': ${Object.keys(TARGETS).join(', ')}`);

const rows = (positionals.length === 0 ? Object.keys(TARGETS) : positionals).map(fuzz);
console.table(rows);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows));
if (rows.some(({ findings }) => findings > 0)) process.exitCode = 1;

/** The targets as one CommonJS file, the form that Jazzer.js instruments. */
async function bundled() {
  const outfile = join(BUILD, 'targets.cjs');
  const { version } = JSON.parse(readFileSync(join(HERE, '../../package.json'), 'utf8'));
  buildSync({
    stdin: {
      contents: `export { TARGETS } from './targets/index.ts'; export { keptInputs } from './inputs.ts';`,
      resolveDir: HERE,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    define: {
      SOCKMAN_VERSION: JSON.stringify(version),
      'import.meta.url': JSON.stringify(new URL('./data/', new URL('../harness/', import.meta.url)).href),
      'import.meta.dirname': JSON.stringify(HERE),
    },
  });
  return import(outfile).then((module) => module.default);
}

/** How to start Node so that the addon of Jazzer.js loads. */
function nodeCommand() {
  if (!existsSync(join(BUILD, 'node_modules/@jazzer.js/core'))) {
    writeFileSync(join(BUILD, 'package.json'), '{ "private": true }\n');
    const installed = spawnSync('npm', ['install', '--no-audit', '--no-fund', JAZZER], {
      cwd: BUILD,
      stdio: 'inherit',
    });
    if (installed.status !== 0) throw new Error(`${JAZZER} cannot be installed`);
  }
  const libraries = join(BUILD, 'debian-13/usr/lib/x86_64-linux-gnu');
  const candidates = [
    [process.execPath],
    [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, process.execPath],
  ];
  const loads = ([program, ...args]) =>
    existsSync(program) &&
    spawnSync(program, [...args, '-e', "require('@jazzer.js/core')"], { cwd: BUILD }).status === 0;
  const command = candidates.find(loads);
  if (command === undefined) {
    throw new Error('the addon of Jazzer.js needs glibc 2.38: run `node test/fuzz/debian-13.mjs` first');
  }
  return command;
}

/** Fuzzes one target; its corpus stays in .campaign/fuzz/NAME/corpus and grows from run to run. */
function fuzz(name) {
  const folder = join(BUILD, name);
  const corpus = join(folder, 'corpus');
  const seeds = join(folder, 'seeds');
  for (const path of [corpus, seeds]) mkdirSync(path, { recursive: true });
  const inputs = [...TARGETS[name].seeds(), ...keptInputs('findings', name)];
  inputs.forEach((input, index) => writeFileSync(join(seeds, String(index)), input));
  // Part of the corpus, which --keep writes: libFuzzer adds to it what is new beside these.
  for (const input of keptInputs('corpora', name)) {
    writeFileSync(join(corpus, createHash('sha1').update(input).digest('hex')), input);
  }
  // What lies in node_modules is not instrumented.
  copyFileSync(join(HERE, 'jazzer-hooks.cjs'), join(BUILD, 'node_modules/jazzer-hooks.cjs'));
  const entry = join(folder, 'entry.cjs');
  writeFileSync(
    entry,
    `require('jazzer-hooks.cjs');
     const target = require('../targets.cjs').TARGETS[${JSON.stringify(name)}];
     module.exports.fuzz = (data) => {
       try {
         target.run(new Uint8Array(data));
       } catch (error) {
         // Once more, with the stack that the campaign does without.
         Error.stackTraceLimit = 20;
         target.run(new Uint8Array(data));
         throw error;
       }
     };\n`,
  );
  const dictionary = join(folder, 'words.txt');
  const escaped = (word) =>
    word.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  writeFileSync(dictionary, (TARGETS[name].words ?? []).map((word) => `"${escaped(word)}"\n`).join(''));

  const [program, ...args] = node;
  const jazzer = [
    ...args,
    join(BUILD, 'node_modules/.bin/jazzer'),
    entry,
    '--sync',
    '--disable_bug_detectors=.*',
    corpus,
    seeds,
  ];
  const options = [...INPUT_LIMITS, `-dict=${dictionary}`, `-artifact_prefix=${folder}/`];
  console.log(`${name}: ${seconds} s`);
  const run = spawnSync(program, [...jazzer, '--', ...options, `-max_total_time=${seconds}`], {
    cwd: BUILD,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const artifacts = readdirSync(folder).filter((file) => /^(crash|timeout|oom)-/.test(file));
  for (const file of artifacts) {
    const text = readFileSync(join(folder, file)).toString('base64');
    console.log(
      `${name}: ${file}\n${run.stderr.match(/(Uncaught Exception|ERROR).*(\n.*){0,4}/)?.[0] ?? ''}\nto keep in findings/${name}.txt: ${text}`,
    );
    rmSync(join(folder, file));
  }
  if (values.keep && artifacts.length === 0) keepCorpus(name, corpus);
  const executions = Number(run.stderr.match(/Done (\d+) runs/)?.[1] ?? 0);
  const coverage = Number([...run.stderr.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? 0);
  if (executions === 0 && artifacts.length === 0) throw new Error(`${name} did not run:\n${run.stderr.slice(-2_000)}`);
  return {
    target: name,
    executions,
    'a second': Math.round(executions / seconds),
    coverage,
    corpus: readdirSync(corpus).length,
    findings: artifacts.length,
  };
}

/** Keeps the shortest inputs of the corpus, each of which reached something new, as far as the limits go. */
function keepCorpus(name, corpus) {
  const seeds = new Set(TARGETS[name].seeds().map((seed) => Buffer.from(seed).toString('base64')));
  const texts = readdirSync(corpus)
    .map((file) => readFileSync(join(corpus, file)).toString('base64'))
    .filter((text) => text !== '' && !seeds.has(text))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const kept = [];
  for (let bytes = 0; kept.length < Math.min(texts.length, MAX_KEPT_INPUTS); bytes += texts[kept.length - 1].length) {
    if (bytes + texts[kept.length].length > MAX_KEPT_BYTES) break;
    kept.push(texts[kept.length]);
  }
  mkdirSync(join(HERE, 'corpora'), { recursive: true });
  writeFileSync(join(HERE, 'corpora', `${name}.txt`), kept.map((text) => `${text}\n`).join(''));
}
