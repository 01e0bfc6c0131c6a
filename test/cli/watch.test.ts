import { describe, expect, it } from 'vitest';

import { UsageError } from '../../ts/cli/options.ts';
import { command as watchCommand } from '../../ts/cli/commands/watch.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { EncodedMessage } from '../../ts/p2p/messages/registry.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { outside } from '../harness/outside.ts';
import { listenNetPeers } from '../harness/peers/raw-peer.ts';
import { sendAll } from '../harness/peers/transport.ts';
import { until } from '../harness/until.ts';
import { VERSION } from '../harness/peers/version.ts';

/** What the command prints of a peer that sends these messages once it was dialed. */
async function watched(messages: readonly EncodedMessage[]): Promise<string[]> {
  const listener = await listenNetPeers();
  const { io, lines, stop } = outside();
  const running = watchCommand.run(['--connect', listener.bound, '--v2transport', '0'], io);
  await until('the dial', () => listener.peers.length === 1);
  listener.peers[0]!.send(sendAll(new V1Transport(CHAIN_PARAMS.regtest.magic), [...messages]));
  await until('all messages', () => lines.length === messages.length);
  stop.abort();
  expect(await running).toBe(0);
  listener.close();
  return lines;
}

/** What an inventory calls a block. (Bitcoin Core src/protocol.h) */
const MSG_BLOCK = 2;

describe('sockman watch', () => {
  it('prints also what is dropped: a second introduction, what comes too early, and what does not decode', async () => {
    const addr = encodeMessage({ type: 'addr', addresses: [] });
    const lines = await watched([VERSION, addr, { type: 'inv', payload: Uint8Array.of(2, 1) }, VERSION]);
    const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages.map(({ type, error }) => [type, typeof error])).toEqual([
      ['version', 'undefined'],
      ['addr', 'undefined'],
      ['inv', 'string'],
      ['version', 'undefined'],
    ]);
    expect(messages[2]).toMatchObject({ payload: '0201', peer: 0 });
    expect(messages[0]).toMatchObject({ services: '9', userAgent: '/by hand/', receiver: { service: '[::]:0' } });
    const ages = messages.map(({ time }) => Date.now() - Date.parse(time as string));
    expect(ages.every((ageMs) => ageMs >= 0 && ageMs < 60_000)).toBe(true);
  });

  it('prints hashes as everybody writes them, the other way round than on the wire', async () => {
    // The block that everybody knows.
    const hash = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';
    const wire = Uint8Array.from(Buffer.from(hash, 'hex').reverse());
    const inv = encodeMessage({ type: 'inv', items: [{ type: MSG_BLOCK, hash: wire }] });
    const lines = await watched([VERSION, inv]);
    expect(JSON.parse(lines[1]!)).toMatchObject({ type: 'inv', items: [{ hash }] });
  });

  it('prints what the transport drops, with the reason', async () => {
    const listener = await listenNetPeers();
    const { io, lines, stop } = outside();
    const running = watchCommand.run(['--connect', listener.bound, '--v2transport', '0'], io);
    await until('the dial', () => listener.peers.length === 1);
    const transport = new V1Transport(CHAIN_PARAMS.regtest.magic);
    const version = sendAll(transport, [VERSION]);
    const damaged = sendAll(transport, [encodeMessage({ type: 'ping', nonce: 1n })]);
    // The last byte of the payload no longer fits the checksum.
    damaged[damaged.length - 1]! ^= 1;
    listener.peers[0]!.send(Buffer.concat([version, damaged]));
    await until('both lines', () => lines.length === 2);
    stop.abort();
    await running;
    listener.close();
    expect(JSON.parse(lines[1]!)).toMatchObject({ type: 'ping', dropped: 'checksum', rawBytes: 32 });
  });

  it('prints lines of ASCII, whatever the peer calls its features', async () => {
    const featureId = '\x9b31m\x7f\x1b[0m\u00fc';
    const feature = encodeMessage({ type: 'feature', featureId, featureData: new Uint8Array(0) });
    const lines = await watched([VERSION, feature]);
    expect(lines.every((line) => /^[\x20-\x7e]*$/.test(line))).toBe(true);
    expect(JSON.parse(lines[1]!)).toMatchObject({ type: 'feature', featureId });
  });

  it('says why a peer cannot be reached, and that it is gone', async () => {
    const listener = await listenNetPeers();
    const { io, complaints, stop } = outside();
    const running = watchCommand.run(['--connect', listener.bound, '--v2transport', '0'], io);
    await until('the dial', () => listener.peers.length === 1);
    listener.close();
    listener.peers[0]!.close();
    await until('both complaints', () => complaints.length >= 2);
    stop.abort();
    expect(await running).toBe(0);
    expect(complaints[0]).toBe(`${listener.bound} is gone: the peer closed the connection`);
    expect(complaints[1]).toMatch(/^127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  });

  it.each([[[]], [['--connect', '127.0.0.1:1', '--for', 'ever']], [['--connect', '127.0.0.1:1', '--network', 'moon']]])(
    'refuses %j',
    async (args) => {
      await expect(watchCommand.run(args, outside().io)).rejects.toThrow(UsageError);
    },
  );
});
