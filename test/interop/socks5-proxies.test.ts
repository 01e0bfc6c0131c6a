// Real SOCKS5 servers on loopback: microsocks and Dante, without and with authentication.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ConnectTarget, Proxy } from '../../ts/sockman/dial/connect-options.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { availableBackends } from '../harness/worlds.ts';
import { countDescriptors, descriptorsClosed, noDescriptorCount } from '../harness/descriptors.ts';
import { Program, accepts, freePort, missingPrograms } from '../harness/labs/programs.ts';
import { Probe } from '../harness/probe.ts';
import { until } from '../harness/until.ts';
import { startWelcomingPeer } from './welcoming-peer.ts';

const CREDENTIALS = { username: 'alice', password: 'secret' };

async function startMicrosocks(args: readonly string[]): Promise<{ program: Program; endpoint: string }> {
  const port = await freePort();
  const program = new Program('microsocks', ['-i', '127.0.0.1', '-p', `${port}`, ...args]);
  await accepts(port);
  return { program, endpoint: `127.0.0.1:${port}` };
}

/** Connects to an echoing probe through `proxy`, moves bytes both ways, closes. */
async function conversation(dialing: Probe, to: ConnectTarget, proxy: Proxy): Promise<DialResult> {
  const dialed = await dialing.connectAndMakeNodeId(to, { proxy });
  if (dialed.nodeId === undefined) return dialed;
  const question = Buffer.from(`question ${dialed.nodeId}`);
  expect(dialing.sendBytes(dialed.nodeId, question)).toBe(question.length);
  await until('the echo', () => dialing.text(dialed.nodeId) === `welcome${question.toString()}`);
  return dialed;
}

const systemBackends = availableBackends().filter(({ name }) => name !== 'memory');

for (const backend of systemBackends) {
  const missing = missingPrograms({ microsocks: 'microsocks', danted: 'dante-server' });
  describe.skipIf(missing !== undefined)(`${backend.name}: real SOCKS5 proxies ${missing ?? ''}`, () => {
    let folder: string;
    let open: { program: Program; endpoint: string };
    let guarded: { program: Program; endpoint: string };
    let dante: { program: Program; endpoint: string };
    let blockedPort: number;
    let node: Probe;
    let peer: Probe;
    let peerPort: number;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sockman-dante-'));
      open = await startMicrosocks([]);
      guarded = await startMicrosocks(['-u', CREDENTIALS.username, '-P', CREDENTIALS.password]);
      const port = await freePort();
      blockedPort = await freePort();
      const configuration = [
        'logoutput: stderr',
        `internal: 127.0.0.1 port = ${port}`,
        'external: 127.0.0.1',
        'socksmethod: none',
        'clientmethod: none',
        'client pass { from: 0/0 to: 0/0 }',
        `socks block { from: 0/0 to: 127.0.0.1/32 port = ${blockedPort} }`,
        'socks pass { from: 0/0 to: 0/0 }',
      ];
      writeFileSync(join(folder, 'danted.conf'), configuration.join('\n'));
      const program = new Program('danted', ['-f', join(folder, 'danted.conf'), '-p', join(folder, 'pid')]);
      await accepts(port);
      dante = { program, endpoint: `127.0.0.1:${port}` };
    });

    afterAll(async () => {
      await Promise.all([open, guarded, dante].map((proxy) => proxy?.program.stop()));
      rmSync(folder, { recursive: true });
    });

    beforeEach(() => {
      const { options } = backend.createWorld();
      node = new Probe(options);
      node.startSocketsThreads();
      ({ peer, port: peerPort } = startWelcomingPeer(options));
    });

    afterEach(async () => {
      await node[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
    });

    test('microsocks and Dante connect us by address and by name, and no byte of the peer is lost', async () => {
      for (const { endpoint } of [open, dante]) {
        for (const to of [
          `127.0.0.1:${peerPort}`,
          { host: '127.0.0.1', port: peerPort },
          { host: 'localhost', port: peerPort },
        ]) {
          expect(await conversation(node, to, { endpoint })).toMatchObject({ nodeId: expect.any(Number) });
        }
      }
    });

    test('our local address is that of the connection to the proxy', async () => {
      const dialed = await conversation(node, `127.0.0.1:${peerPort}`, { endpoint: open.endpoint });
      expect(String((dialed as { me: unknown }).me)).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
      expect(node.addressesOf(dialed.nodeId!)?.remote.port).toBe(peerPort);
    });

    test('a password is given where it is asked for, and only there', async () => {
      const to = `127.0.0.1:${peerPort}`;
      for (const { endpoint } of [guarded, open, dante]) {
        expect(await conversation(node, to, { endpoint, credentials: CREDENTIALS })).toMatchObject({
          nodeId: expect.any(Number),
        });
      }
    });

    test('a wrong password, or none, is refused by microsocks without an answer', async () => {
      const to = `127.0.0.1:${peerPort}`;
      const wrong = { ...CREDENTIALS, password: 'guess' };
      const refused = await node.connectAndMakeNodeId(to, {
        proxy: { endpoint: guarded.endpoint, credentials: wrong },
      });
      expect(refused).toMatchObject({ nodeId: undefined, proxyFailed: false });
      expect(['socks5-auth-closed', 'socks5-auth-rejected']).toContain((refused as { code: string }).code);
      const none = await node.connectAndMakeNodeId(to, { proxy: guarded.endpoint });
      expect(none).toMatchObject({ nodeId: undefined, proxyFailed: false });
      expect(['socks5-greeting-closed', 'socks5-no-acceptable-method']).toContain((none as { code: string }).code);
    });

    test('a closed port is "connection refused" and no fault of the proxy', async () => {
      const to = `127.0.0.1:${await freePort()}`;
      for (const { endpoint } of [open, dante]) {
        expect(await node.connectAndMakeNodeId(to, { proxy: endpoint })).toMatchObject({
          code: 'socks5-connection-refused',
          proxyFailed: false,
        });
      }
    });

    test('a rule of Dante is "not allowed", with a name as the bound address', async () => {
      expect(await node.connectAndMakeNodeId(`127.0.0.1:${blockedPort}`, { proxy: dante.endpoint })).toMatchObject({
        code: 'socks5-not-allowed',
        proxyFailed: false,
      });
    });

    test('a proxy that is not there is at fault', async () => {
      const proxy = `127.0.0.1:${await freePort()}`;
      expect(await node.connectAndMakeNodeId(`127.0.0.1:${peerPort}`, { proxy })).toMatchObject({
        code: 'proxy-unreachable',
        proxyFailed: true,
      });
    });

    test.skipIf(noDescriptorCount !== undefined)(
      'two hundred dials at a time, half of them in vain, leave no descriptor',
      async () => {
        await conversation(node, `127.0.0.1:${peerPort}`, { endpoint: open.endpoint });
        for (const id of [0, ...peer.accepted.map(({ nodeId }) => nodeId)])
          (node.closeConnection(id), peer.closeConnection(id));
        const before = countDescriptors();
        const closedPort = await freePort();
        const dials = Array.from({ length: 200 }, (_, at) =>
          node.connectAndMakeNodeId(`127.0.0.1:${at % 2 === 0 ? peerPort : closedPort}`, { proxy: open.endpoint }),
        );
        const results = await Promise.all(dials);
        const connected = results.flatMap(({ nodeId }) => (nodeId === undefined ? [] : [nodeId]));
        expect(connected).toHaveLength(100);
        await until('all greetings', () => connected.every((nodeId) => node.text(nodeId) === 'welcome'));
        for (const nodeId of connected) node.closeConnection(nodeId);
        for (const { nodeId } of peer.accepted) peer.closeConnection(nodeId);
        expect(node.connectionCount + peer.connectionCount).toBe(0);
        await descriptorsClosed(before);
      },
    );
  });
  if (missing !== undefined) console.info(`real SOCKS5 proxies are not tested: ${missing}`);
}
