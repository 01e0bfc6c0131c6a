// A miner behind our Stratum V2 server, on a real node on regtest. Needs BITCOIND to name a bitcoind.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command as clientCommand } from '../../ts/cli/commands/sv2-client.ts';
import { command as serverCommand } from '../../ts/cli/commands/sv2-server.ts';
import { Bitcoind, CoreFolder, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { outside } from '../harness/outside.ts';
import { until } from '../harness/until.ts';

describe.skipIf(bitcoindPath() === undefined)('a miner behind our server, on Bitcoin Core', { timeout: 60_000 }, () => {
  const folder = new CoreFolder();
  let core: Bitcoind;

  beforeAll(async () => {
    core = await Bitcoind.start([DIALS_NOBODY], folder);
  }, 60_000);
  afterAll(async () => {
    await core.stop();
    folder.remove();
  });

  it('adds ten blocks, which getblockcount counts', async () => {
    const server = outside();
    const serving = serverCommand.run(
      ['--rpc', core.rpcUrl, '--cookie', folder.file('.cookie'), '--bind', '127.0.0.1:0', '--datadir', folder.path],
      server.io,
    );
    await until('a URL', () => server.lines.some((line) => line.includes('stratum2+tcp')));
    const url = /stratum2\S+/.exec(server.lines.join('\n'))![0];
    const before = await core.rpc<number>('getblockcount');
    const client = outside();
    expect(await clientCommand.run([url, '--mine', '--blocks', '10'], client.io)).toBe(0);
    expect(await core.rpc<number>('getblockcount')).toBeGreaterThanOrEqual(before + 10);
    server.stop.abort();
    expect(await serving).toBe(0);
    expect(server.lines.filter((line) => line.endsWith(': accepted')).length).toBeGreaterThanOrEqual(10);
  });
});
