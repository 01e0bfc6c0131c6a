// The C++ engine over real sockets, by schedules of operations (native/fuzz): under libFuzzer with ASan and UBSan where clang
// is, else the unit test's random ones, with more of them. In a network namespace of its own where that can be had.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, ROOT } from '../lib/bundle.mjs';

mkdirSync(BUILD, { recursive: true });

const NATIVE = join(ROOT, 'build/native-fuzz');
const CORPUS_FILE = join(ROOT, 'native/fuzz/corpus.txt');
const CORPUS = join(BUILD, 'engine-corpus');
/** Below that, building the fuzzer takes longer than it runs. */
const MIN_FUZZER_SECONDS = 30;
const MAX_INPUT_BYTES = 400;
/** What of a corpus is kept in the tree. */
const MAX_KEPT_INPUTS = 250;
/** Where the inputs of the file begin that `--keep` writes. */
const CORPUS_HEAD = '# What reaches different code:\n';
/** Schedules of one run of the unit test. */
const TEST_SCHEDULES = 2_000;

/** Nobody else's sockets, and TIME_WAITs that are nobody else's. */
const ALONE = ['unshare', '-rn', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

function run(command, options = {}) {
  const isAlone = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  const [program, ...args] = isAlone ? [...ALONE, ...command] : command;
  return spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
}

/** Builds the fuzzer. @returns {string | undefined} Why it cannot. */
function build() {
  if (spawnSync('clang++', ['--version']).status !== 0) return 'no clang++ (Debian package clang)';
  const flags = [
    '-DSOCKMAN_SANITIZE=address',
    '-DSOCKMAN_FUZZ=ON',
    '-DSOCKMAN_TESTS=OFF',
    '-DCMAKE_CXX_COMPILER=clang++',
  ];
  for (const args of [
    ['-S', join(ROOT, 'native'), '-B', NATIVE, ...flags],
    ['--build', NATIVE, '--parallel', '--target', 'sockman_fuzz'],
  ]) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8' });
    if (status !== 0) return `the fuzzer does not build: ${(stderr || stdout).slice(-1_000)}`;
  }
  return undefined;
}

/** The inputs of the tree as files, the form that libFuzzer takes. */
function unpackCorpus() {
  mkdirSync(CORPUS, { recursive: true });
  const lines = readFileSync(CORPUS_FILE, 'utf8').split('\n');
  for (const line of lines.filter((text) => text !== '' && !text.startsWith('#'))) {
    const bytes = Buffer.from(line, 'hex');
    writeFileSync(join(CORPUS, createHash('sha1').update(bytes).digest('hex')), bytes);
  }
}

/** Writes what libFuzzer found to reach different code to the tree, the shortest first. @returns How many inputs there are. */
export function keepEngineCorpus() {
  const merged = join(BUILD, 'engine-merged');
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged);
  run([join(NATIVE, 'sockman_fuzz'), '-merge=1', `-max_len=${MAX_INPUT_BYTES}`, merged, CORPUS]);
  const inputs = readdirSync(merged).map((name) => readFileSync(join(merged, name)).toString('hex'));
  inputs.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  // What once broke stays, however long it is.
  const [findings] = readFileSync(CORPUS_FILE, 'utf8').split(CORPUS_HEAD);
  const kept = inputs.slice(0, MAX_KEPT_INPUTS).map((input) => `${input}\n`);
  writeFileSync(CORPUS_FILE, findings + CORPUS_HEAD + kept.join(''));
  return inputs.length;
}

function fuzz(seconds) {
  unpackCorpus();
  const artifacts = join(BUILD, 'engine-');
  const args = [
    `-max_total_time=${seconds}`,
    `-max_len=${MAX_INPUT_BYTES}`,
    '-timeout=30',
    `-artifact_prefix=${artifacts}`,
  ];
  const { stderr } = run([join(NATIVE, 'sockman_fuzz'), ...args, CORPUS]);
  const executions = Number(/Done (\d+) runs/.exec(stderr)?.[1] ?? 0);
  const coverage = Number([...stderr.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? 0);
  const artifact = /Test unit written to (\S+)/.exec(stderr)?.[1];
  const findings = [];
  if (artifact !== undefined) {
    const input = readFileSync(artifact).toString('hex');
    const what = /.*(\.cc:\d+: .*|ERROR: .*|runtime error.*)/.exec(stderr)?.[0] ?? stderr.slice(-2_000);
    findings.push(`${what}\nto keep in native/fuzz/corpus.txt: ${input}`);
    rmSync(artifact);
  } else if (executions === 0) findings.push(stderr.slice(-2_000));
  const row = { how: 'libFuzzer, ASan and UBSan', executions, 'a second': Math.round(executions / seconds), coverage };
  return { rows: [row], findings };
}

/** The unit test's random schedules, under sanitizers if that build is there. */
function testRandomly(seconds, reason) {
  const build = ['native-address', 'native-plain'].find((name) =>
    existsSync(join(ROOT, 'build', name, 'sockman_test')),
  );
  if (build === undefined) return { skipped: `${reason}, and \`npm run test:asan\` has not run` };
  const end = performance.now() + seconds * 1_000;
  const findings = [];
  let executions = 0;
  const base = Math.floor(Date.now() / 1_000) % 1_000_000;
  while (performance.now() < end && findings.length === 0) {
    const env = {
      ...process.env,
      SOCKMAN_SCHEDULES: String(TEST_SCHEDULES),
      SOCKMAN_SEED: String(base * 1_000 + executions),
    };
    const filter = '--test-case=random schedules*';
    const { status, stdout, stderr } = run([join(ROOT, 'build', build, 'sockman_test'), filter], { env });
    executions += TEST_SCHEDULES;
    if (status !== 0) findings.push(`SOCKMAN_SEED=${env.SOCKMAN_SEED}: ${(stdout + stderr).slice(-2_000)}`);
  }
  const how = `random, ${build === 'native-address' ? 'ASan and UBSan' : 'no sanitizer'}; ${reason}`;
  return { rows: [{ how, executions, 'a second': Math.round(executions / seconds) }], findings };
}

export const engine = {
  title: 'The C++ engine, schedules of operations',
  async run({ seconds }) {
    const isBuilt = existsSync(join(NATIVE, 'sockman_fuzz'));
    if (seconds < MIN_FUZZER_SECONDS && !isBuilt) return testRandomly(seconds, 'too short to build the fuzzer');
    const reason = build();
    return reason === undefined ? fuzz(Math.max(1, Math.round(seconds))) : testRandomly(seconds, reason);
  },
};
