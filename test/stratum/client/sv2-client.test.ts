import { afterEach, describe, expect, it } from 'vitest';
import { Sv2Client } from '../../../ts/stratum/client/sv2-client.ts';
import type { Sv2ClientOptions } from '../../../ts/stratum/client/sv2-client.ts';
import { temporaryServerKeys } from '../../../ts/stratum/key-files.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../../../ts/stratum/limits.ts';
import type { Sv2Message } from '../../../ts/stratum/messages/registry.ts';
import { Sv2Connman } from '../../../ts/stratum/server/sv2-connman.ts';
import type { Sv2ConnmanOptions } from '../../../ts/stratum/server/sv2-connman.ts';
import { MockTemplateSource } from '../../../ts/stratum/templates/mock-source.ts';
import { TemplateProvider } from '../../../ts/stratum/templates/template-provider.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import { availableBackends } from '../../harness/worlds.ts';
import { noteProgress, until } from '../../harness/until.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A whole server on loopback, and where it listens. */
function startServer(options: Sv2ConnmanOptions = {}): {
  server: Sv2Connman;
  source: MockTemplateSource;
  port: number;
} {
  const server = new Sv2Connman(options);
  const source = new MockTemplateSource({ blockIntervalMs: 1_000_000, transactionIntervalMs: 1_000_000 });
  const provider = new TemplateProvider(server, source);
  const { bound, errmsg } = server.bindAndStartListening('127.0.0.1:0');
  if (bound === undefined) throw new Error(errmsg);
  provider.start();
  cleanUps.push(() => provider.stop());
  return { server, source, port: bound.port };
}

/** A client, and what it tells. */
function startClient(options: Sv2ClientOptions): { client: Sv2Client; told: string[]; messages: Sv2Message[] } {
  const client = new Sv2Client(options);
  const told: string[] = [];
  const messages: Sv2Message[] = [];
  client.on('connected', () => told.push('connected'));
  client.on('disconnected', ({ reason }) => told.push(reason));
  client.on('message', (message) => messages.push(message));
  for (const name of ['connected', 'disconnected', 'message'] as const) client.on(name, noteProgress);
  client.start();
  cleanUps.push(() => client.stop());
  return { client, told, messages };
}

const backends = availableBackends().filter(({ name }) => name !== 'memory');

describe.each(backends)('a client of Stratum V2 on $name', ({ createWorld }) => {
  it('verifies the server, says what it needs, and gets templates and their transactions', async () => {
    const { options } = createWorld();
    const { server, source, port } = startServer(options);
    const endpoint = { host: '127.0.0.1', port, authorityX: server.authorityX };
    const { client, told, messages } = startClient({ server: endpoint, ...options });
    await until('a pair', () => messages.length === 2);
    expect(told).toEqual(['connected']);
    expect(messages).toMatchObject([{ name: 'NewTemplate', futureTemplate: true }, { name: 'SetNewPrevHash' }]);
    client.send({ name: 'RequestTransactionData', templateId: 1n });
    await until('transactions', () => messages.length === 3);
    expect(messages[2]).toMatchObject({ name: 'RequestTransactionData.Success', transactionList: { length: 3 } });
    source.addBlock();
    await until('the next pair', () => messages.length === 5);
    client.setConstraints({ coinbaseOutputMaxAdditionalSize: 5_000, coinbaseOutputMaxAdditionalSigops: 0 });
    await until('a pair for new constraints', () => messages.length === 7);
    expect(server.clients()).toMatchObject([
      { state: 'ready', constraints: { coinbaseOutputMaxAdditionalSize: 5_000 } },
    ]);
  });

  it('refuses a server of another authority without sending a byte behind its act', async () => {
    const { options } = createWorld();
    const { server, port } = startServer(options);
    const { authorityKey } = temporaryServerKeys();
    const endpoint = { host: '127.0.0.1', port, authorityX: authorityKey.x };
    const { told } = startClient({ server: endpoint, reconnect: false, ...options });
    await until('its end', () => told.length === 1);
    expect(told).toEqual(['certificate: not signed by the authority of the URL']);
    await until('the server noticed', () => {
      noteLater();
      return server.clients().length === 0;
    });

    function noteLater(): void {
      if (server.clients().length > 0) setImmediate(noteProgress);
    }
  });
});

describe('a client of Stratum V2', () => {
  it('needs a key, unless told otherwise', () => {
    const server = { host: '127.0.0.1', port: 1, authorityX: undefined };
    expect(() => new Sv2Client({ server })).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    expect(new Sv2Client({ server, insecureNoAuthority: true })).toBeInstanceOf(Sv2Client);
  });

  it('follows a server that moves it, and verifies the new one with the same key', async () => {
    const keys = temporaryServerKeys();
    const [first, second] = [startServer({ keys }), startServer({ keys })];
    const { told, messages } = startClient({
      server: { host: '127.0.0.1', port: first.port, authorityX: keys.authorityKey.x },
    });
    await until('templates', () => messages.length === 2);
    first.server.send(first.server.clients()[0]!.id, { name: 'Reconnect', newHost: '', newPort: second.port });
    await until('templates of the second server', () => messages.length === 4);
    expect(told).toEqual(['connected', expect.stringContaining('moves us'), 'connected']);
    expect(second.server.clients()).toHaveLength(1);
  });

  it('looks up the name of a server, and of one that it is moved to', async () => {
    const keys = temporaryServerKeys();
    const [first, second] = [startServer({ keys }), startServer({ keys })];
    const { told, messages } = startClient({
      server: { host: 'localhost', port: first.port, authorityX: keys.authorityKey.x },
    });
    await until('templates', () => messages.length === 2);
    first.server.send(first.server.clients()[0]!.id, { name: 'Reconnect', newHost: 'localhost', newPort: second.port });
    await until('templates of the second server', () => messages.length === 4);
    expect(told).toEqual(['connected', expect.stringContaining('moves us'), 'connected']);
  });

  it.each(['unix:/tmp/x', '\0', ''])(
    'comes back to its own server when it was moved to %j, where there is none',
    async (newHost) => {
      const { server, port } = startServer();
      const { told, messages } = startClient({ server: { host: '127.0.0.1', port, authorityX: server.authorityX } });
      await until('templates', () => messages.length === 2);
      // Nobody listens at port 1.
      server.send(server.clients()[0]!.id, { name: 'Reconnect', newHost, newPort: newHost === '' ? 1 : 0 });
      await until('templates again', () => messages.length === 4);
      const reason = newHost === '' ? /refused/ : /has no address$/;
      expect(told).toEqual([
        'connected',
        expect.stringContaining('moves us'),
        expect.stringMatching(reason),
        'connected',
      ]);
    },
  );

  it('hears what came in time before it judges the server, and so does the server', async () => {
    // Every answer arrives in the very millisecond of a time-out, whose timer was set before.
    const network = new MemoryNetwork({ latencyMs: HANDSHAKE_TIMEOUT_MS / 2 });
    const options = { backend: network.createBackend, clock: network.clock };
    const { server, port } = startServer(options);
    const { told, messages } = startClient({
      server: { host: '127.0.0.1', port, authorityX: server.authorityX },
      connect: { timeoutMs: 60_000 },
      reconnect: false,
      ...options,
    });
    for (let seconds = 0; seconds < 60; seconds++) {
      network.clock.advance(1_000);
      await network.clock.settle();
    }
    expect(told).toEqual(['connected']);
    expect(messages).toMatchObject([{ name: 'NewTemplate' }, { name: 'SetNewPrevHash' }]);
  });

  it('says why a server refuses it', async () => {
    const { server, port } = startServer();
    const { client, told } = startClient({
      server: { host: '127.0.0.1', port, authorityX: server.authorityX },
      constraints: { coinbaseOutputMaxAdditionalSize: 5_000_000, coinbaseOutputMaxAdditionalSigops: 0 },
      reconnect: false,
    });
    await until('its end', () => told.length === 2);
    expect(told[1]).toMatch(/closed the connection|ECONNRESET/);
    expect(client.connectionCount).toBe(0);
  });

  it('tries again after a dial that failed, after longer and longer pauses', async () => {
    const pauses: (number | undefined)[] = [];
    const client = new Sv2Client({
      server: { host: '127.0.0.1', port: 1, authorityX: temporaryServerKeys().authorityKey.x },
    });
    client.on('disconnected', ({ retryMs }) => {
      pauses.push(retryMs);
      noteProgress();
    });
    client.start();
    cleanUps.push(() => client.stop());
    await until('two dials', () => pauses.length === 2);
    expect(pauses).toEqual([1_000, 2_000]);
  });
});
