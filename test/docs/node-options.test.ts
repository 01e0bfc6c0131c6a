import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { readSettings } from '../../ts/cli/config/read-settings.ts';
import { nodeOptionsPage } from './node-options-page.ts';
import { ROOT, textOf } from './pages.ts';

it('the page of the options of sockman node says what their tables say', async () => {
  await expect(nodeOptionsPage()).toMatchFileSnapshot(join(ROOT, 'docs', 'node-options.md'));
});

it('the bitcoin.conf of the guide means what the guide says', async () => {
  const [, conf] = /^```ini\n(.*?)^```$/ms.exec(textOf('docs/guides/run-a-node.md'))!;
  const folder = await mkdtemp(join(tmpdir(), 'sockman-docs-'));
  try {
    await writeFile(join(folder, 'bitcoin.conf'), conf!);
    const { chain, settings, warnings } = await readSettings([`-datadir=${folder}`], new AbortController().signal);
    expect([chain, settings.count('port'), settings.count('rpcport')]).toEqual(['regtest', 18_555, 18_554]);
    expect([settings.switch('dashboard'), settings.texts('connect')]).toEqual([true, ['127.0.0.1:18444']]);
    expect(warnings).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
