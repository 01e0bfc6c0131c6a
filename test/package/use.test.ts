// The package as it lies in node_modules: every entry both ways, types, the command, and what publint and attw say of it.

import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { ROOT, Stranger } from './stranger.ts';

/** Largest binary that may ship, in bytes: small enough to carry several platforms in one tarball. */
const MAX_BINARY_BYTES = 150 * 1024;

/** Largest tarball, in bytes, with the binary of one platform: code without comments, twice, and declarations, once. */
const MAX_TARBALL_BYTES = 1_100_000;

/** A class is the same whatever entry it comes from, and so `instanceof` holds. Both module systems run this. */
const IDENTITY = `
const same = {
  p2p: p2p.NO_VERSION_ADDRESS.service instanceof sockman.Service,
  tor: tor.DEFAULT_TOR_SOCKS instanceof sockman.Service,
  testing: new testing.MemoryNetwork().listen().bound instanceof sockman.Service,
};
for (const [entry, isSame] of Object.entries(same)) if (!isSame) throw new Error(entry + ' has classes of its own');
for (const name of ['SockMan', 'Service', 'NetAddress', 'SockManError']) {
  if (sockman[name].name !== name) throw new Error(name + ' is called ' + sockman[name].name);
}
`;

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'object' ? [`sockman${name.slice(1)}`] : [],
);
const variables = entries.map((name) => name.slice(name.indexOf('/') + 1).replaceAll(/\W/g, '_'));
const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

describe('the installed package', () => {
  let project: Stranger;
  const installed = (...path: string[]): string => join(project.folder, 'node_modules', 'sockman', ...path);

  beforeAll(async () => {
    project = new Stranger();
    await project.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', inject('tarball')]);
  });

  it('loads every entry, as a module and as CommonJS', async () => {
    const load = (how: (variable: string, name: string) => string): string =>
      entries.map((name, index) => how(variables[index]!, name)).join('\n') + IDENTITY;
    project.write({
      'all.mjs': load((variable, name) => `import * as ${variable} from '${name}';`),
      'all.cjs': load((variable, name) => `const ${variable} = require('${name}');`),
    });
    await project.node('all.mjs');
    await project.node('all.cjs');
  });

  it('has types for every entry, both ways', async () => {
    const uses = entries.map(
      (name, index) => `import * as m${index} from '${name}';\nexport type T${index} = keyof typeof m${index};`,
    );
    project.write({ 'types.mts': uses.join('\n'), 'types.cts': uses.join('\n') });
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
    await project.run(bin('tsc'), [...flags, ...types, 'types.mts', 'types.cts']);
  });

  it('brings the command', async () => {
    const help = await project.run(join(project.folder, 'node_modules', '.bin', 'sockman'), ['--help']);
    expect(help).toContain('sockman');
  });

  it('has the files of the dashboard', async () => {
    project.write({
      'page.mjs': `
        import { Connman } from 'sockman/connman';
        import { Dashboard } from 'sockman/dashboard';
        import { HttpServer } from 'sockman/http';
        const server = new HttpServer();
        new Dashboard({ connman: new Connman() }).attach(server);
        const [service] = server.start();
        for (const path of ['', '/app.js', '/style.css']) {
          const { status } = await fetch('http://' + service + '/dashboard' + path);
          console.log(status);
        }
        await server.stop();`,
    });
    expect(await project.node('page.mjs')).toBe('200\n200\n200\n');
  });

  it('comes in a small tarball', () => {
    expect(statSync(inject('tarball')).size).toBeLessThan(MAX_TARBALL_BYTES);
  });

  it('holds small binaries, and nothing that npm would compile', () => {
    const binaries = readdirSync(installed('prebuilds'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.node'),
    );
    expect(binaries.length).toBeGreaterThan(0);
    for (const name of binaries)
      expect(statSync(installed('prebuilds', name)).size, name).toBeLessThan(MAX_BINARY_BYTES);
    expect(readdirSync(installed())).not.toContain('binding.gyp');
  });

  it('passes publint and attw', async () => {
    await project.run(bin('publint'), ['--strict', inject('tarball')]);
    // Resolution as before package exports: no Node that this package runs on uses it.
    await project.run(bin('attw'), [
      '--profile',
      'node16',
      '--exclude-entrypoints',
      'prebuilds/*',
      '--',
      inject('tarball'),
    ]);
  });

  it('builds its addon where no binary came with it', async () => {
    rmSync(installed('prebuilds'), { recursive: true });
    const program = `
      import { createSockMan } from 'sockman';
      console.log(createSockMan({ eventGotData() {} }).backendName);`;
    project.write({ 'name.mjs': program });
    expect(await project.node('name.mjs')).toBe('node-net\n');
    await project.node('node_modules/sockman/native/build.mjs');
    expect(await project.node('name.mjs')).toMatch(/^native\//);
  });
});

it('is not packed where its addon cannot be built', async () => {
  const project = new Stranger();
  const packing = project.run('npm', ['pack', '--pack-destination', project.folder, ROOT], { CXX: 'false' });
  await expect(packing).rejects.toThrow(/sockman: the addon was not built/);
  expect(readdirSync(project.folder)).toEqual(['package.json']);
});
