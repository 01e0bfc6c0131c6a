// A client whose server says something else than it should, or nothing, in a network in memory.

import { afterEach, expect, it } from 'vitest';
import { createSockMan } from '../../../ts/index.ts';
import type { SockMan } from '../../../ts/index.ts';
import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import { Sv2Client } from '../../../ts/stratum/client/sv2-client.ts';
import { temporaryServerKeys } from '../../../ts/stratum/key-files.ts';
import { HANDSHAKE_TIMEOUT_MS, SETUP_TIMEOUT_MS } from '../../../ts/stratum/limits.ts';
import { encodeMessage } from '../../../ts/stratum/messages/registry.ts';
import type { Sv2Frame } from '../../../ts/stratum/messages/registry.ts';
import { ServerIdentity } from '../../../ts/stratum/server/server-identity.ts';
import { Sv2Transport } from '../../../ts/stratum/sv2-transport.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const random = seededBytes(1);
const keys = temporaryServerKeys();

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** The end of a client, `waitMs` after it dialed a server that answers its set-up with `frame`; a mute one says nothing. */
async function endOf(frame: Sv2Frame | undefined, waitMs = 0, isMute = false): Promise<string[]> {
  const network = new MemoryNetwork();
  const { createBackend: backend, clock } = network;
  const identity = new ServerIdentity(keys, random, 86_400);
  const transport = new Sv2Transport({
    role: 'responder',
    ephemeral: () => createKeyPair(random),
    credentials: () => identity.credentials(Math.floor(clock.wallTimeMs() / 1_000)),
  });
  const server: SockMan = createSockMan(
    {
      eventGotData(nodeId, data) {
        if (isMute) return;
        for (let offset = 0; offset < data.length;) {
          const taken = transport.receivedBytes(data, offset);
          if (typeof taken !== 'number') throw new Error(taken.reason);
          offset += taken;
          if (transport.hasFrame()) transport.takeFrame();
          else if (!transport.isReady) continue;
          if (transport.isReady && frame !== undefined) transport.setFrameToSend(frame);
        }
        const { toSend } = transport.getBytesToSend(false);
        server.sendBytes(nodeId, toSend);
        transport.markBytesSent(toSend.length);
      },
    },
    { backend },
  );
  const { bound } = server.bindAndStartListening('127.0.0.1:0');
  server.startSocketsThreads();
  const endpoint = { host: '127.0.0.1', port: bound!.port, authorityX: identity.authorityX };
  const client = new Sv2Client({ server: endpoint, reconnect: false, backend, clock });
  cleanUps.push(() => client.stop());
  const told: string[] = [];
  client.on('connected', () => told.push('connected'));
  client.on('disconnected', ({ reason }) => told.push(reason));
  client.start();
  await clock.settle();
  clock.advance(waitMs);
  await clock.settle();
  expect(client.connectionCount).toBe(told.includes('connected') || told.length === 0 ? 1 : 0);
  return told;
}

it('ends with a server that refuses its set-up, and shows the code without what a terminal obeys', async () => {
  const message = { name: 'SetupConnection.Error', flags: 0, errorCode: 'no\u001b[2Jwork' } as const;
  const [reason] = await endOf(encodeMessage(message));
  expect(reason).toMatch(/^the server refuses us: .*no.*work/);
  expect(reason).not.toContain('\u001b');
});

it('ends with a server that begins with something else', async () => {
  const message = { name: 'Reconnect', newHost: 'elsewhere', newPort: 1 } as const;
  expect(await endOf(encodeMessage(message))).toEqual(['Reconnect before set-up']);
});

it('ends with a server whose message does not decode', async () => {
  const frame = { ...encodeMessage({ name: 'SetupConnection.Success', usedVersion: 2, flags: 0 }), payload: random(3) };
  expect(await endOf(frame)).toEqual([expect.stringMatching(/^message 1 does not decode: /)]);
});

it('goes on behind a message that it does not know', async () => {
  expect(await endOf({ extensionType: 0, isChannelMessage: false, messageType: 0xee, payload: random(9) })).toEqual([]);
});

it('waits ten seconds for the handshake, and ten for the answer to its set-up', async () => {
  expect(await endOf(undefined, HANDSHAKE_TIMEOUT_MS - 1, true)).toEqual([]);
  expect(await endOf(undefined, HANDSHAKE_TIMEOUT_MS, true)).toEqual(['no answer to the handshake']);
  expect(await endOf(undefined, SETUP_TIMEOUT_MS - 1)).toEqual([]);
  expect(await endOf(undefined, SETUP_TIMEOUT_MS)).toEqual(['no answer to SetupConnection']);
});
