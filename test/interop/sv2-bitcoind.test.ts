// A miner behind our Stratum V2 server, on a real node on regtest. Needs BITCOIND to name a bitcoind.

import { describe, expect, it } from 'vitest';
import { command as clientCommand } from '../../ts/cli/commands/sv2-client.ts';
import { command as serverCommand } from '../../ts/cli/commands/sv2-server.ts';
import { CpuMiner } from '../../ts/stratum/client/cpu-miner.ts';
import { Sv2Client } from '../../ts/stratum/client/sv2-client.ts';
import { temporaryServerKeys } from '../../ts/stratum/key-files.ts';
import { Sv2Connman } from '../../ts/stratum/server/sv2-connman.ts';
import { RpcTemplateSource } from '../../ts/stratum/templates/rpc-source.ts';
import { TemplateProvider } from '../../ts/stratum/templates/template-provider.ts';
import { toHex } from '../harness/data/vectors.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { CoreSuite } from '../harness/labs/core-suite.ts';
import { outside } from '../harness/outside.ts';
import { noteProgress, until } from '../harness/until.ts';

describe.skipIf(bitcoindPath() === undefined)('a miner behind our server, on Bitcoin Core', { timeout: 60_000 }, () => {
  const suite = new CoreSuite();

  it('adds ten blocks, which getblockcount counts', async () => {
    const server = outside();
    const serving = serverCommand.run(
      [
        '--rpc',
        suite.core.rpcUrl,
        '--cookie',
        suite.folder.file('.cookie'),
        '--bind',
        '127.0.0.1:0',
        '--datadir',
        suite.folder.path,
      ],
      server.io,
    );
    await until('a URL', () => server.lines.some((line) => line.includes('stratum2+tcp')));
    const url = /stratum2\S+/.exec(server.lines.join('\n'))![0];
    const before = await suite.core.rpc<number>('getblockcount');
    const client = outside();
    expect(await clientCommand.run([url, '--mine', '--blocks', '10'], client.io)).toBe(0);
    expect(await suite.core.rpc<number>('getblockcount')).toBeGreaterThanOrEqual(before + 10);
    server.stop.abort();
    expect(await serving).toBe(0);
    expect(server.lines.filter((line) => line.endsWith(': accepted')).length).toBeGreaterThanOrEqual(10);
  });

  it('stays connected while the node restarts, and mines on when it is back', async () => {
    const server = new Sv2Connman({ keys: temporaryServerKeys() });
    const { bound } = server.bindAndStartListening('127.0.0.1:0');
    const source = new RpcTemplateSource({ url: suite.core.rpcUrl, cookieFile: suite.folder.file('.cookie') });
    const outcomes: string[] = [];
    const provider = new TemplateProvider(server, source, {
      onSolution: (_client, _solution, outcome) => {
        outcomes.push(outcome);
        noteProgress();
      },
    });
    provider.start();
    const endpoint = { host: '127.0.0.1', port: bound!.port, authorityX: server.authorityX };
    const client = new Sv2Client({ server: endpoint, reconnect: false });
    const ends: string[] = [];
    client.on('disconnected', ({ reason }) => ends.push(reason));
    const submitted = new Set<string>();
    new CpuMiner(client, Uint8Array.of(0x51)).onSubmitted = (hash) => submitted.add(toHex(hash));
    client.start();
    await until('three blocks', () => outcomes.length >= 3);

    await suite.core.stop();
    suite.core = await Bitcoind.start([DIALS_NOBODY], suite.folder, Number(new URL(suite.core.rpcUrl).port));
    const before = outcomes.length;
    await until('three blocks more', () => outcomes.length >= before + 3, 30_000);
    expect(ends).toEqual([]);

    await client.stop();
    await provider.stop();
    // What was found is handed in once, with one outcome; what the node had seen when it went away it calls a duplicate.
    expect(outcomes).toHaveLength(submitted.size);
    expect(outcomes.filter((outcome) => outcome !== 'accepted')).toEqual([]);
  });
});
