// The lines of the miner's guide, run on a real node. Needs BITCOIND to name a bitcoind.

import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';
import { Bitcoind, CoreFolder, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { printed, runFile } from '../samples/samples.ts';
import { textOf } from './pages.ts';

/** The arguments of the line of the guide that runs a command. */
function argumentsOf(command: string): string[] {
  const line = new RegExp(`^npx sockman (${command} .*)$`, 'm').exec(textOf('docs/guides/miner.md'));
  return line![1]!.split(' ');
}

const isSkipped = bitcoindPath() === undefined || noBuild !== undefined;

describe.skipIf(isSkipped)('the guide to a miner on regtest', { timeout: 60_000 }, () => {
  const folder = new CoreFolder();
  let core: Bitcoind;

  beforeAll(async () => {
    core = await Bitcoind.start([DIALS_NOBODY], folder);
  }, 60_000);
  afterAll(async () => {
    await core.stop();
    folder.remove();
  });

  it('ends with ten blocks more', async () => {
    const places: Record<string, string> = {
      'http://127.0.0.1:18443': core.rpcUrl,
      '~/.bitcoin/regtest/.cookie': folder.file('.cookie'),
      '~/.sv2': folder.file('sv2'),
    };
    const serverArgs = argumentsOf('sv2-server').map((word) => places[word] ?? word);
    const server = runFile('esm/cli/main.js', ...serverArgs, '--bind', '127.0.0.1:0');
    const [url] = await printed(server, /stratum2\S+/);
    const before = await core.rpc<number>('getblockcount');
    const clientArgs = argumentsOf('sv2-client').map((word) => (word.startsWith('stratum2') ? url : word));
    const client = runFile('esm/cli/main.js', ...clientArgs);
    client.stdout!.resume();
    expect(await once(client, 'exit')).toEqual([0, null]);
    expect(await core.rpc<number>('getblockcount')).toBeGreaterThanOrEqual(before + 10);
  });
});
