import { describe, expect, it } from 'vitest';

import { UsageError } from '../../ts/cli/options.ts';
import { command as watchCommand } from '../../ts/cli/commands/watch.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { EncodedMessage } from '../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../ts/p2p/messages/version.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { outside } from '../helpers/outside.ts';
import { listenNetPeers } from '../helpers/raw-peer.ts';
import { sendAll } from '../helpers/transport.ts';
import { until } from '../helpers/until.ts';

const VERSION = encodeMessage({
  type: 'version',
  protocolVersion: 70_017,
  services: 9n,
  timeSeconds: 1_700_000_000,
  receiver: NO_VERSION_ADDRESS,
  sender: NO_VERSION_ADDRESS,
  nonce: 1n,
  userAgent: '/by hand/',
  startHeight: 0,
  relay: true,
});

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
