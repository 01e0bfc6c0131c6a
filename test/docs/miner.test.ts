// The lines of the miner's guide, run on a real node. Needs BITCOIND to name a bitcoind.

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';
import { bitcoindPath } from '../harness/labs/bitcoind.ts';
import { CoreSuite } from '../harness/labs/core-suite.ts';
import { printed, runFile } from '../samples/samples.ts';
import { textOf } from './pages.ts';

/** The arguments of the line of the guide that runs a command. */
function argumentsOf(command: string): string[] {
  const line = new RegExp(`^npx sockman (${command} .*)$`, 'm').exec(textOf('docs/guides/miner.md'));
  return line![1]!.split(' ');
}

const isSkipped = bitcoindPath() === undefined || noBuild !== undefined;

describe.skipIf(isSkipped)('the guide to a miner on regtest', { timeout: 60_000 }, () => {
  const suite = new CoreSuite();

  it('ends with ten blocks more', async () => {
    const places: Record<string, string> = {
      'http://127.0.0.1:18443': suite.core.rpcUrl,
      '~/.bitcoin/regtest/.cookie': suite.folder.file('.cookie'),
      '~/.sv2': suite.folder.file('sv2'),
    };
    const serverArgs = argumentsOf('sv2-server').map((word) => places[word] ?? word);
    const server = runFile('esm/cli/main.js', ...serverArgs, '--bind', '127.0.0.1:0');
    const [url] = await printed(server, /stratum2\S+/);
    const before = await suite.core.rpc<number>('getblockcount');
    const clientArgs = argumentsOf('sv2-client').map((word) => (word.startsWith('stratum2') ? url : word));
    const client = runFile('esm/cli/main.js', ...clientArgs);
    client.stdout!.resume();
    expect(await once(client, 'exit')).toEqual([0, null]);
    expect(await suite.core.rpc<number>('getblockcount')).toBeGreaterThanOrEqual(before + 10);
  });
});
