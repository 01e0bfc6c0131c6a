// Installing from a registry with each package manager, scripts allowed: the package must come with its binary, and no
// manager may find something to compile. (With a lockfile present, npm and yarn 1 saw a binding.gyp and ran node-gyp.)

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { NATIVE, Stranger, echoProgram, tool } from './stranger.ts';

const registryUrl = inject('registryUrl');
const caches = join(inject('work'), 'caches');

type Command = readonly [program: string, ...args: string[]];

/** `fresh` begins without the node_modules of the step before. */
interface Step {
  command: Command;
  isFresh?: boolean;
}

interface Manager {
  files?: Record<string, string>;
  env?: Record<string, string>;
  steps: Step[];
  /** Runs the program; plain Node for most. */
  start?: Command;
}

const node = process.execPath;
const npm = (...args: string[]): Command => ['npm', ...args, '--no-audit', '--no-fund'];
const pnpm = (...args: string[]): Command => [tool('.bin/pnpm'), ...args];
const yarn1 = (...args: string[]): Command => [node, tool('yarn/bin/yarn.js'), ...args];
const berry = (...args: string[]): Command => [node, tool('@yarnpkg/cli-dist/bin/yarn.js'), ...args];
const bun = (...args: string[]): Command => [tool('.bin/bun'), ...args];

const npmEnv = { npm_config_registry: registryUrl, npm_config_cache: join(caches, 'npm') };
const berryEnv = {
  YARN_NPM_REGISTRY_SERVER: registryUrl,
  YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
  YARN_ENABLE_GLOBAL_CACHE: 'false',
  YARN_ENABLE_TELEMETRY: 'false',
  // The package is younger than what it takes otherwise.
  YARN_NPM_MINIMAL_AGE_GATE: '0',
  YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
};

const MANAGERS: Record<string, Manager> = {
  npm: {
    env: npmEnv,
    steps: [
      { command: npm('install', 'sockman') },
      { command: npm('ci') },
      { command: npm('install'), isFresh: true },
      { command: npm('rebuild') },
    ],
  },
  'npm without scripts': { env: npmEnv, steps: [{ command: npm('install', '--ignore-scripts', 'sockman') }] },
  pnpm: {
    files: { 'pnpm-workspace.yaml': `dangerouslyAllowAllBuilds: true\nstoreDir: ${join(caches, 'pnpm')}\n` },
    env: { npm_config_registry: registryUrl, pnpm_config_registry: registryUrl },
    steps: [
      { command: pnpm('add', 'sockman') },
      { command: pnpm('install', '--frozen-lockfile'), isFresh: true },
      { command: pnpm('rebuild') },
    ],
  },
  'yarn 1': {
    files: { '.yarnrc': `registry "${registryUrl}"\ncache-folder "${join(caches, 'yarn')}"\n` },
    steps: [{ command: yarn1('add', 'sockman') }, { command: yarn1('install', '--frozen-lockfile'), isFresh: true }],
  },
  'yarn 4 with node_modules': {
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\nenableScripts: true\n', 'yarn.lock': '' },
    env: berryEnv,
    steps: [{ command: berry('add', 'sockman') }, { command: berry('install'), isFresh: true }],
  },
  'yarn 4 with plug and play': {
    files: { '.yarnrc.yml': 'nodeLinker: pnp\nenableScripts: true\n', 'yarn.lock': '' },
    env: berryEnv,
    steps: [{ command: berry('add', 'sockman') }],
    start: berry('node'),
  },
  bun: {
    files: {
      'package.json': '{ "name": "stranger", "version": "1.0.0", "trustedDependencies": ["sockman"] }',
      'bunfig.toml': `[install]\nregistry = "${registryUrl}"\n`,
    },
    env: { BUN_INSTALL_CACHE_DIR: join(caches, 'bun') },
    steps: [{ command: bun('add', 'sockman') }, { command: bun('install', '--frozen-lockfile'), isFresh: true }],
  },
};

describe('the package from a registry', () => {
  it.concurrent.each(Object.entries(MANAGERS))('runs natively after each step of %s', async (_name, manager) => {
    const stranger = new Stranger({ 'echo.mjs': echoProgram('esm'), 'echo.cjs': echoProgram('cjs'), ...manager.files });
    const [start, ...startArgs] = manager.start ?? [node];
    for (const { command, isFresh = false } of manager.steps) {
      const [program, ...args] = command;
      if (isFresh) rmSync(join(stranger.folder, 'node_modules'), { recursive: true });
      await stranger.run(program, args, manager.env);
      const step = args.join(' ');
      expect(await stranger.run(start, [...startArgs, 'echo.mjs'], manager.env), `after ${step}`).toMatch(NATIVE);
      expect(await stranger.run(start, [...startArgs, 'echo.cjs'], manager.env), `after ${step}`).toMatch(NATIVE);
    }
  });

  it('runs on node-net under Bun', async () => {
    const stranger = new Stranger({ 'echo.mjs': echoProgram('esm') });
    await stranger.run('npm', ['install', '--no-audit', '--no-fund', 'sockman'], npmEnv);
    expect(await stranger.run(tool('.bin/bun'), ['echo.mjs'])).toBe('node-net hello Bun has no event loop for it\n');
  });
});
