// Listeners: opening, refusing to open, pausing, closing.

import { expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { countDescriptors } from '../harness/descriptors.ts';
import { until } from '../harness/until.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';

describeEachBackend('listeners', (stage) => {
  const noReusePort =
    stage.backend === 'node-net' && process.versions.node.startsWith('20.') ? 'node:net has it from 22.12' : undefined;

  it('takes any free port for port 0, and tells which', () => {
    const probe = stage.probe();
    const [one, two] = [stage.listen(probe), stage.listen(probe)];
    expect(one.port).toBeGreaterThan(0);
    expect(two.port).not.toBe(one.port);
    expect(probe.stats().listenerCount).toBe(2);
  });

  it('takes text and a Service alike, before the start and after it', async () => {
    const probe = stage.idleProbe();
    const early = stage.listen(probe, '127.0.0.1:0');
    probe.startSocketsThreads();
    const late = stage.listen(probe, Service.parse('127.0.0.1:0'));
    await stage.dialedBy(early);
    await stage.dialedBy(late);
    await until('both accepts', () => probe.accepted.length === 2);
    expect(probe.accepted.map(({ me }) => me.port).sort()).toEqual([early.port, late.port].sort());
  });

  it('refuses an address in use with address and errno name, and leaves nothing open', () => {
    const first = stage.probe();
    const second = stage.probe();
    const bound = stage.listen(first);
    const before = countDescriptors();
    const refused = second.bindAndStartListening(bound);
    expect(refused.ok).toBe(false);
    expect(refused).toMatchObject({ errmsg: expect.stringContaining(bound.toString()) as unknown });
    expect(refused).toMatchObject({ code: 'EADDRINUSE', errmsg: expect.stringContaining('EADDRINUSE') as unknown });
    expect(second.stats().listenerCount).toBe(0);
    if (stage.isNative) expect(countDescriptors()).toBe(before);
    first.stopListening();
    expect(second.bindAndStartListening(bound).ok).toBe(true);
  });

  itUnless(stage.backend === 'memory' ? 'every address exists there' : undefined)(
    'refuses an address that is not of this machine',
    () => {
      const refused = stage.probe().bindAndStartListening('192.0.2.1:0');
      expect(refused).toMatchObject({ ok: false, errmsg: expect.stringContaining('EADDRNOTAVAIL') as unknown });
    },
  );

  it('refuses a network that has no sockets', () => {
    expect(stage.probe().bindAndStartListening(ONION).ok).toBe(false);
  });

  it('refuses a Unix-domain path that is taken', () => {
    const at = stage.unixService();
    stage.listen(stage.probe(), at);
    expect(stage.probe().bindAndStartListening(at)).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('EADDRINUSE') as unknown,
    });
  });

  it('takes a Unix-domain path whatever reusePort and dualStack say, and shares it with nobody', () => {
    const at = stage.unixService();
    stage.listen(stage.probe({ reusePort: true, dualStack: true }), at);
    expect(stage.probe({ reusePort: true }).bindAndStartListening(at).ok).toBe(false);
  });

  it('closes one listener and keeps the others, and the connections', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const other = stage.listen(probe);
    expect(probe.stopListening(probe.accepted[0]!.me)).toBe(1);
    expect(probe.stopListening(probe.accepted[0]!.me)).toBe(0);
    await expect(stage.dialedBy(probe.accepted[0]!.me)).rejects.toThrow();
    await stage.another(probe, other);
    peer.send('still here');
    await until('the bytes', () => probe.text(nodeId) === 'still here');
  });

  it('closes all listeners at once', async () => {
    const probe = stage.probe();
    const bounds = [stage.listen(probe), stage.listen(probe)];
    expect(probe.stopListening()).toBe(2);
    expect(probe.stats().listenerCount).toBe(0);
    for (const bound of bounds) await expect(stage.dialedBy(bound)).rejects.toThrow();
  });

  it('can listen at the same address again', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    probe.stopListening(bound);
    expect(stage.listen(probe, bound).toString()).toBe(bound.toString());
    await stage.another(probe, bound);
  });

  it('leaves connections waiting while paused', async () => {
    const probe = stage.probe();
    const [paused, open] = [stage.listen(probe), stage.listen(probe)];
    expect(probe.pauseAccepting(paused)).toBe(1);
    const waiting = await stage.dialedBy(paused);
    waiting.send('I wait');
    await stage.another(probe, open);
    await stage.settled();
    expect(probe.accepted).toHaveLength(1);
    expect(probe.resumeAccepting(paused)).toBe(1);
    await until('who waited', () => probe.text(1) === 'I wait');
  });

  it('pauses and resumes all listeners at once, and may repeat itself', async () => {
    const probe = stage.probe();
    const bounds = [stage.listen(probe), stage.listen(probe)];
    expect(probe.pauseAccepting()).toBe(2);
    expect(probe.pauseAccepting()).toBe(2);
    for (const bound of bounds) await stage.dialedBy(bound);
    await stage.settled();
    expect(probe.accepted).toEqual([]);
    expect(probe.resumeAccepting()).toBe(2);
    await until('both accepts', () => probe.accepted.length === 2);
    expect(probe.resumeAccepting()).toBe(2);
  });

  it('can be paused by the callback that accepts: the rest of the batch comes, and no more', async () => {
    const probe = stage.probe({ acceptBatch: 1 });
    probe.on.eventNewConnectionAccepted = () => {
      probe.pauseAccepting();
      return true;
    };
    const bound = stage.listen(probe);
    await stage.dialedBy(bound);
    await stage.dialedBy(bound);
    await until('the first', () => probe.accepted.length === 1);
    await stage.settled();
    expect(probe.accepted).toHaveLength(1);
    probe.resumeAccepting();
    await until('the second', () => probe.accepted.length === 2);
  });

  it('knows no listener at an address where it has none', () => {
    const probe = stage.probe();
    stage.listen(probe);
    expect(probe.stopListening('127.0.0.1:1')).toBe(0);
    expect(probe.pauseAccepting('127.0.0.1:1')).toBe(0);
    expect(probe.resumeAccepting('[::1]:1')).toBe(0);
  });

  it('cuts connections that nobody accepted when it closes', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    probe.pauseAccepting();
    const waiting = await stage.dialedBy(bound);
    await stage.settled();
    probe.stopListening();
    await until('the peer to notice', () => waiting.hasEOF || waiting.brokenBy !== undefined);
    expect(probe.events).toEqual([]);
  });

  itUnless(noReusePort)('shares a port with reusePort, and only with it', async () => {
    const [one, two] = [stage.probe({ reusePort: true }), stage.probe({ reusePort: true })];
    const bound = stage.listen(one);
    stage.listen(two, bound);
    expect(stage.probe().bindAndStartListening(bound).ok).toBe(false);
    // The kernel decides by a hash of the ends: with this many, all at one of them is out of the question.
    for (let count = 0; count < 64; count++) await stage.dialedBy(bound);
    await until('all accepts', () => one.accepted.length + two.accepted.length === 64);
    expect(one.accepted.length).toBeGreaterThan(0);
    expect(two.accepted.length).toBeGreaterThan(0);
  });
});
