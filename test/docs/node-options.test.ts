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
    await writeFile(join(folder, 'peers.conf'), 'seednode=192.0.2.2\n');
    const { chain, settings, warnings } = await readSettings([`-datadir=${folder}`], new AbortController().signal);
    expect([chain, settings.count('port'), settings.isNegated('connect')]).toEqual(['regtest', 18_555, true]);
    expect([settings.texts('addnode'), settings.texts('seednode')]).toEqual([[], ['192.0.2.2']]);
    expect(warnings).toEqual([expect.stringContaining('addnode counts for regtest only')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
