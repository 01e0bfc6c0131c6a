// A server by a name of several addresses. The system's resolver knows none such everywhere, so the test answers for it.

import { afterEach, expect, it, vi } from 'vitest';
import { Sv2Client } from '../../../ts/stratum/client/sv2-client.ts';
import { Sv2Connman } from '../../../ts/stratum/server/sv2-connman.ts';
import { noteProgress, until } from '../../harness/until.ts';
import { RecordingHandler } from '../server/server-stage.ts';

const answers = vi.hoisted(() => [] as { address: string; family: number }[]);
vi.mock('node:dns/promises', () => ({ lookup: () => Promise.resolve(answers) }));

const server = new Sv2Connman();
const { bound } = server.bindAndStartListening('127.0.0.1:0');
server.start(new RecordingHandler());
const endpoint = { host: 'pool.example', port: bound!.port, authorityX: server.authorityX };
afterEach(() => server.stop());

it('a server whose name has several addresses is dialed at each of them until one answers', async () => {
  answers.push({ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 });
  const client = new Sv2Client({ server: endpoint, reconnect: false });
  const told: string[] = [];
  client.on('connected', ({ address }) => told.push(`${address}`));
  client.on('disconnected', ({ reason }) => told.push(reason));
  for (const name of ['connected', 'disconnected'] as const) client.on(name, noteProgress);
  client.start();
  await until('the end of the dials', () => told.length > 0);
  expect(told).toEqual([`127.0.0.1:${bound!.port}`]);
  await client.stop();
});
