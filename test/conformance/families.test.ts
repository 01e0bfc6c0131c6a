// IPv4, IPv6 and Unix-domain sockets: the same exchange over each, dialed and accepted.

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

const FAMILIES: [string, (stage: Stage) => Service][] = [
  ['IPv4', () => Service.parse('127.0.0.1:0')],
  ['IPv6', () => Service.parse('[::1]:0')],
  ['a Unix-domain socket', (stage) => stage.unixService()],
];

describeEachBackend('address families', (stage) => {
  describe.each(FAMILIES)('%s', (family, where) => {
    it('carries bytes, half-close and EOF both ways', async () => {
      const server = stage.probe();
      const client = stage.probe();
      const bound = stage.listen(server, where(stage));
      const dialed = await stage.dial(client, bound);
      await until('the accept', () => server.accepted.length === 1);

      expect(client.sendBytes(dialed, Buffer.from('question'))).toBe(8);
      await until('the question', () => server.text(0) === 'question');
      expect(client.shutdownSend(dialed)).toBe(true);
      await until('the end of the question', () => server.has('eof 0'));
      expect(server.sendBytes(0, Buffer.from('answer'))).toBe(6);
      await until('the answer', () => client.text(dialed) === 'answer');
      expect(server.closeConnection(0)).toBe(true);
      await until('the end of the answer', () => client.has(`eof ${dialed}`));
    });

    it('serves a raw peer, and breaks when that resets', async () => {
      const probe = stage.probe();
      const peer = await stage.dialedBy(stage.listen(probe, where(stage)));
      peer.send('one');
      await until('the bytes', () => probe.text(0) === 'one');
      peer.reset();
      await until('the end', () => probe.hasEnded(0));
      // An RST is a thing of TCP: a Unix-domain socket that was read empty just ends.
      if (family === 'a Unix-domain socket') expect(probe.eventsOf(0).at(-1)).toMatch(/^(eof|error) 0/);
      else expect(probe.eventsOf(0)).toEqual(['accepted 0', 'data 0', 'error 0 ECONNRESET']);
    });

    it('tells both ends', async () => {
      const server = stage.probe();
      const client = stage.probe();
      const bound = stage.listen(server, where(stage));
      const dialed = await stage.dial(client, bound);
      await until('the accept', () => server.accepted.length === 1);
      expect(client.addressesOf(dialed)!.remote.toString()).toBe(bound.toString());
      expect(server.addressesOf(0)!.local.toString()).toBe(bound.toString());
      expect(server.accepted[0]!.me.toString()).toBe(bound.toString());
      if (bound.unixPath !== undefined) return;
      expect(client.addressesOf(dialed)!.local.toString()).toBe(server.addressesOf(0)!.remote.toString());
    });
  });

  it('removes the file of a Unix-domain listener that closes', () => {
    if (stage.world.network !== undefined) return;
    const probe = stage.probe();
    const bound = stage.listen(probe, stage.unixService());
    expect(existsSync(bound.unixPath!)).toBe(true);
    probe.stopListening(bound);
    expect(existsSync(bound.unixPath!)).toBe(false);
  });

  it('reports a Unix-domain path where nobody listens as a failed dial', async () => {
    const result = await stage.probe().connectAndMakeNodeId(stage.unixService());
    expect(result).toMatchObject({ nodeId: undefined, proxyFailed: false });
  });

  it('accepts IPv4 on an IPv6 listener only with dualStack', async () => {
    const client = stage.probe();
    const only6 = stage.listen(stage.probe(), '[::]:0');
    expect(await client.connectAndMakeNodeId(`127.0.0.1:${only6.port}`)).toMatchObject({ code: 'connection-refused' });
    const server = stage.probe({ dualStack: true });
    const both = stage.listen(server, '[::]:0');
    await stage.dial(client, `127.0.0.1:${both.port}`);
    await stage.dial(client, `[::1]:${both.port}`);
    await until('both accepts', () => server.accepted.length === 2);
    expect(server.accepted.map(({ them }) => them.address.toString()).sort()).toEqual(['127.0.0.1', '::1']);
  });
});
