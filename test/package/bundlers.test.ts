// Bundles of every kind, run where the package is not: they serve on node-net and say why, and load nothing that lies where
// the package's files would be.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MOVED, NATIVE, Stranger, echoProgram, tool, withPackage } from './stranger.ts';

const TRAP = "console.log('loaded a stranger'); process.exit(1);";
const PREBUILDS = `prebuilds/${process.platform}-${process.arch}`;

/** Files of the project that a bundle goes to, where the loader of the addon would look for those of the package. */
const TRAPS = {
  'native/load.cjs': TRAP,
  'build/Release/sockman.node': TRAP,
  [`${PREBUILDS}/sockman.node`]: TRAP,
  [`${PREBUILDS}/sockman.glibc.node`]: TRAP,
};

/** A bundler's command, from a program to a file in dist/. */
type Bundling = (dist: string) => { command: [bin: string, ...args: string[]]; output: string };

const PROGRAM = { esm: 'echo.mjs', cjs: 'echo.cjs' };
const OUTPUT = { esm: 'out.mjs', cjs: 'out.cjs' };
type Format = keyof typeof PROGRAM;

const esbuild =
  (from: Format, to: Format): Bundling =>
  (dist) => ({
    command: [
      'esbuild',
      PROGRAM[from],
      '--bundle',
      '--platform=node',
      `--format=${to}`,
      `--outfile=${dist}/${OUTPUT[to]}`,
    ],
    output: OUTPUT[to],
  });

const rollup =
  (to: Format): Bundling =>
  (dist) => ({
    command: ['rollup', PROGRAM.esm, '-p', '@rollup/plugin-node-resolve', '-f', to, '-o', `${dist}/${OUTPUT[to]}`],
    output: OUTPUT[to],
  });

const rolldown =
  (to: Format): Bundling =>
  (dist) => ({
    command: ['rolldown', PROGRAM.esm, '--platform=node', `--format=${to}`, '-o', `${dist}/${OUTPUT[to]}`],
    output: OUTPUT[to],
  });

const webpack =
  (from: Format): Bundling =>
  (dist) => ({
    command: [
      'webpack',
      `./${PROGRAM[from]}`,
      '--target=node',
      '--mode=production',
      '-o',
      dist,
      `--output-filename=${OUTPUT.cjs}`,
    ],
    output: OUTPUT.cjs,
  });

const ncc =
  (from: Format): Bundling =>
  (dist) => ({
    command: ['ncc', 'build', PROGRAM[from], '-q', '-o', dist],
    output: from === 'esm' ? 'index.mjs' : 'index.cjs',
  });

const bun =
  (to: Format): Bundling =>
  (dist) => ({
    command: ['bun', 'build', PROGRAM[to], '--target=node', `--format=${to}`, `--outfile=${dist}/${OUTPUT[to]}`],
    output: OUTPUT[to],
  });

const BUNDLERS: Record<string, Bundling> = {
  'esbuild, modules': esbuild('esm', 'esm'),
  'esbuild, modules to CommonJS': esbuild('esm', 'cjs'),
  'esbuild, CommonJS': esbuild('cjs', 'cjs'),
  'rollup, modules': rollup('esm'),
  'rollup, modules to CommonJS': rollup('cjs'),
  'rolldown, modules': rolldown('esm'),
  'rolldown, modules to CommonJS': rolldown('cjs'),
  'webpack, modules': webpack('esm'),
  'webpack, CommonJS': webpack('cjs'),
  'ncc, modules': ncc('esm'),
  'ncc, CommonJS': ncc('cjs'),
  'bun, modules': bun('esm'),
  'bun, CommonJS': bun('cjs'),
};

const programs = { [PROGRAM.esm]: echoProgram('esm'), [PROGRAM.cjs]: echoProgram('cjs') };

describe('a bundle', () => {
  it.concurrent.each(Object.entries(BUNDLERS))('of %s runs anywhere', async (_name, bundling) => {
    const project = await withPackage(programs);
    const foreign = new Stranger(TRAPS);
    const { command, output } = bundling(join(foreign.folder, 'dist'));
    const [bin, ...args] = command;
    await project.run(tool(`.bin/${bin}`), args);
    // Some bundlers write down where the package was.
    rmSync(project.folder, { recursive: true });
    expect(await foreign.node(join('dist', output))).toBe(MOVED);
  });

  it('of bun, compiled, runs anywhere', async () => {
    const project = await withPackage(programs);
    const foreign = new Stranger(TRAPS);
    const program = join(foreign.folder, 'dist', 'program');
    await project.run(tool('.bin/bun'), ['build', PROGRAM.esm, '--compile', `--outfile=${program}`]);
    rmSync(project.folder, { recursive: true });
    expect(await foreign.run(program, [])).toBe('node-net hello Bun has no event loop for it\n');
  });
});

describe('the files that @vercel/nft lists', () => {
  it.each(Object.values(PROGRAM))('are all that %s needs to run natively', async (program) => {
    const project = await withPackage(programs);
    const script = `
      const { nodeFileTrace } = require(${JSON.stringify(tool('@vercel/nft'))});
      nodeFileTrace([process.argv[1]]).then(({ fileList }) => console.log(JSON.stringify([...fileList])));`;
    const files = JSON.parse(await project.node('-e', script, program)) as string[];
    const foreign = new Stranger();
    for (const file of files) cpSync(join(project.folder, file), join(foreign.folder, file), { recursive: true });
    rmSync(project.folder, { recursive: true });
    expect(await foreign.node(program)).toMatch(NATIVE);
  });
});
