// What `import 'sockman'` adds to the start of a program: wall time of whole processes, an empty script and ours in turn.
//
// The scripts are files, as programs are: with `--eval` Node loads more of itself (such as crypto) before the script runs,
// and the import would seem cheaper than it is.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BENCH_DIRECTORY } from './build.mjs';
import { median, spread } from './statistics.mjs';

const RUNS = 25;
const SMOKE_RUNS = 3;

const esmFile = join(BENCH_DIRECTORY, '..', 'esm', 'index.js');
const esm = pathToFileURL(esmFile).href;
const cjs = join(BENCH_DIRECTORY, '..', 'cjs', 'index.js');

const PROGRAMS = [
  { peer: 'empty', title: 'empty module', file: 'empty.mjs', text: '' },
  { peer: 'esm', title: 'import', file: 'import.mjs', text: `import ${JSON.stringify(esm)};` },
  {
    peer: 'esm-listen',
    title: 'import, and one instance that listens',
    file: 'listen.mjs',
    text: `import { createSockMan, Service } from ${JSON.stringify(esm)};
       const server = createSockMan({
         eventNewConnectionAccepted: () => true, eventReadyToSend: () => false,
         eventGotData() {}, eventGotEOF() {}, eventGotPermanentReadError() {},
       });
       server.bindAndStartListening(Service.parse('127.0.0.1:0'));
       server.closeSockets();`,
  },
  { peer: 'cjs-empty', title: 'empty CommonJS script', file: 'empty.cjs', text: '' },
  { peer: 'cjs', title: 'require', file: 'require.cjs', text: `require(${JSON.stringify(cjs)});` },
];

/** @param {string} script */
function runMs(script) {
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureImport(bench, plan, progress) {
  for (const file of [esmFile, cjs]) {
    if (!existsSync(file)) throw new Error(`${file} does not exist; npm run build:ts makes it`);
  }
  const lanes = PROGRAMS.map((program) => ({ ...program, times: /** @type {number[]} */ ([]) }));
  const runs = plan.isSmoke ? SMOKE_RUNS : RUNS;
  const folder = mkdtempSync(join(tmpdir(), 'sockman-import-'));
  try {
    for (const { file, text } of lanes) writeFileSync(join(folder, file), text);
    for (let run = 0; run < runs; ++run) {
      progress(`${bench.name}: run ${run + 1} of ${runs}`);
      for (const { file, times } of lanes) times.push(runMs(join(folder, file)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const rows = lanes.map(({ peer, title, times }) => {
    const empty = lanes[peer.startsWith('cjs') ? 3 : 0].times;
    const extraMs = median(times.map((time, run) => time - empty[run]));
    return { peer, title, values: { wallMs: median(times), spread: spread(times), extraMs } };
  });
  return [{ bench: bench.name, case: bench.name, title: 'Start of a process', columns: 'import', rows }];
}
