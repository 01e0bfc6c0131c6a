// docs/guides/bundling.md, done as it says: each block of commands bundles, and what comes out runs on the addon without the
// package (or beside it, where the guide says to install it).

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, tool, withPackage } from './stranger.ts';

const guide = readFileSync(join(ROOT, 'docs', 'guides', 'bundling.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text!);

/** Programs by the name in their first line. */
const programs = Object.fromEntries(blocks('js').map((text) => [/^\/\/ (\S+)/.exec(text)![1]!, text]));
const commands = blocks('sh');
const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!isLinuxX64)('the guide to bundling (skipped where its paths are not those of the platform)', () => {
  it.each(commands)('runs natively after: %s', async (command) => {
    const project = await withPackage(programs);
    await project.run('sh', ['-e', '-c', command], { PATH: `${tool('.bin')}:${process.env['PATH']}` });
    const stays = command.includes('--external:sockman');
    if (!stays) rmSync(join(project.folder, 'node_modules'), { recursive: true });
    const output = join('dist', command.includes('server.cjs') ? 'server.cjs' : 'server.mjs');
    expect(await project.node(output)).toMatch(/^native\/\w+ undefined\n$/);
  });

  it('has commands and programs', () => {
    expect(commands).toHaveLength(4);
    expect(Object.keys(programs)).toEqual(['server.mjs', 'webpacked.mjs']);
  });
});
