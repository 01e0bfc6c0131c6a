// The stream of events as its clients get it, in a network in memory whose time is the test's.

import { afterEach, describe, expect, it } from 'vitest';
import { BanMan, Connman, PeerManager } from '../../../ts/connman.ts';
import { Dashboard, EventStreams } from '../../../ts/dashboard.ts';
import type { DashboardOptions, StreamedEvent } from '../../../ts/dashboard.ts';
import { HttpServer } from '../../../ts/http.ts';
import { silentLogger } from '../../../ts/index.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import type { MemoryPeer } from '../../../ts/testing.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const GET = 'GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** A server in memory. Time passes when told to. */
function serverWorld() {
  const network = new MemoryNetwork();
  const { clock } = network;
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (line: string) => void errors.push(line) };
  const server = new HttpServer({ backend: network.createBackend, clock, bind: ['127.0.0.1:80'], logger });
  closers.push(() => server.closeSockets());
  const pass = async (ms: number, stepMs = 250): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs);
      await clock.settle();
    }
  };
  const ask = (text = GET): MemoryPeer => {
    const peer = network.connect('127.0.0.1:80');
    peer.send(text);
    return peer;
  };
  return { network, clock, server, errors, pass, ask };
}

/** A node with a dashboard, and another node to connect to it. */
async function nodeWorld(options: Partial<DashboardOptions> = {}) {
  const world = serverWorld();
  const { network, clock, server } = world;
  const nodeOptions = { chain: 'regtest', backend: network.createBackend, clock, noConnect: true } as const;
  const connman = new Connman({ ...nodeOptions, bind: ['1.0.0.1:8333'] });
  const peerManager = new PeerManager({ clock });
  const dashboard = new Dashboard({ connman, peerManager, chain: 'regtest', clock, ...options });
  dashboard.attach(server);
  closers.push(() => dashboard.stop());
  server.start();
  await connman.start(peerManager);
  closers.push(() => connman.stop());
  const dial = async (): Promise<Connman> => {
    const other = new Connman({ ...nodeOptions, listen: false });
    await other.start(new PeerManager({ clock }));
    closers.push(() => other.stop());
    const dialing = other.connectTo('1.0.0.1:8333');
    await world.pass(1_000);
    expect(await dialing).toBe(true);
    return other;
  };
  return { ...world, connman, peerManager, dashboard, dial };
}

/** The body that came, its chunks joined. */
function bodyOf(text: string): string {
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (!/^Transfer-Encoding: chunked\r$/m.test(text)) return rest;
  let body = '';
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/.exec(rest);
    if (size === null) return body;
    const length = Number.parseInt(size[1]!, 16);
    if (rest.length < size[0].length + length) return body;
    body += rest.slice(size[0].length, size[0].length + length);
    rest = rest.slice(size[0].length + length + 2);
  }
}

/** Events of a body, in order. */
function eventsIn(text: string): { id: number; event: string; data: unknown }[] {
  const found = bodyOf(text).matchAll(/^id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n/gm);
  return Array.from(found, ([, id, event, data]) => ({ id: Number(id), event: event!, data: JSON.parse(data!) }));
}

const taken = (peer: MemoryPeer): string => Buffer.from(peer.take()).toString('latin1');

describe('the stream of a node', () => {
  it('begins with how to come again, who it is and what there is, and tells each second', async () => {
    const { ask, pass } = await nodeWorld();
    const client = ask();
    await pass(5_000);
    const text = taken(client);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text).toContain('Content-Type: text/event-stream\r\n');
    expect(text).toContain('Cache-Control: no-store\r\n');
    expect(text).toContain('Transfer-Encoding: chunked\r\n');
    expect(bodyOf(text)).toMatch(/^retry: 3000\n\nid: 1\nevent: hello\n/);
    const events = eventsIn(text);
    expect(events.map(({ event }) => event)).toEqual(['hello', 'snapshot', ...Array<string>(5).fill('totals')]);
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(events[0]!.data).toMatchObject({ chain: 'regtest', protocol: 70_017 });
    expect(events[1]!.data).toMatchObject({
      peers: [],
      log: [],
      totals: { active: true, listening: ['1.0.0.1:8333'] },
    });
  });

  it('tells of a ban whose end no calendar has', async () => {
    const banMan = new BanMan();
    const { ask, pass } = await nodeWorld({ banMan });
    const client = ask();
    await pass(1_000);
    banMan.ban('1.2.3.4', { seconds: Number.MAX_SAFE_INTEGER, isAbsolute: true });
    banMan.ban('1.2.3.5', { seconds: 86_400 * 366 * 100 });
    await pass(6_000);
    const events = eventsIn(taken(client));
    const entries = events
      .filter(({ event }) => event === 'log')
      .map(({ data }) => (data as { detail: string }).detail);
    expect(entries).toEqual(['for good', expect.stringMatching(/^until 2\d{3}-\d\d-\d\d \d\d:\d\d UTC$/)]);
    expect(events.at(-1)).toMatchObject({ event: 'totals' });
  });

  it('tells of peers that come, change and go', async () => {
    const { ask, pass, dial } = await nodeWorld();
    const client = ask();
    await pass(500);
    const other = await dial();
    await pass(4_000);
    await other.stop();
    await pass(1_000);
    const events = eventsIn(taken(client));
    const dataOf = (name: string): unknown[] => events.filter(({ event }) => event === name).map(({ data }) => data);
    expect(dataOf('peerAdded')).toMatchObject([{ id: 0, inbound: true, type: 'inbound', agent: '' }]);
    expect(dataOf('peers')[0]).toMatchObject([{ id: 0, agent: '/sockman:0.1.0/', transport: 'v2' }]);
    // Changed fields alone.
    expect(dataOf('peers').flat()).not.toContainEqual(expect.objectContaining({ network: expect.anything() }));
    expect(dataOf('peerRemoved')).toEqual([{ id: 0, reason: 'the peer closed the connection' }]);
    expect(dataOf('log')).toMatchObject([{ kind: 'connected' }, { kind: 'disconnected', id: 0 }]);
  });

  it('is the same for all who hear it', async () => {
    const { ask, pass } = await nodeWorld();
    const clients = [ask(), ask(), ask()];
    await pass(1_000);
    clients.forEach(taken);
    await pass(3_000);
    const texts = clients.map(taken);
    expect(texts[0]).toContain('event: totals');
    expect(new Set(texts).size).toBe(1);
  });

  it('costs no timer when nobody hears it, and goes on when somebody comes', async () => {
    const { ask, pass, connman, dashboard } = await nodeWorld();
    let looks = 0;
    const { getNetTotals } = connman;
    connman.getNetTotals = () => {
      looks++;
      return getNetTotals.call(connman);
    };
    await pass(10_000);
    expect(looks).toBe(0);
    const client = ask();
    await pass(3_000);
    expect(dashboard.clientCount).toBe(1);
    client.end();
    await pass(1_000);
    expect(dashboard.clientCount).toBe(0);
    looks = 0;
    await pass(10_000);
    expect(looks).toBe(0);
  });

  it('takes no more than sixteen, and one more when one has gone', async () => {
    const { ask, pass } = await nodeWorld();
    const clients = Array.from({ length: 16 }, () => ask());
    await pass(500);
    const late = ask();
    await pass(500);
    expect(taken(late)).toMatch(/^HTTP\/1.1 503 [^]*Retry-After: 30\r\n[^]*16 pages are open already\n$/);
    clients[0]!.end();
    await pass(500);
    const next = ask();
    await pass(500);
    expect(taken(next)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('answers a client that comes again with everything, and no old events', async () => {
    const { ask, pass } = await nodeWorld();
    const client = ask(GET.replace('\r\n\r\n', '\r\nLast-Event-ID: 77\r\n\r\n'));
    await pass(500);
    expect(eventsIn(taken(client)).map(({ event }) => event)).toEqual(['hello', 'snapshot']);
  });

  it('goes on to its end for a 1.0 client, which has no chunks', async () => {
    const { ask, pass } = await nodeWorld();
    const client = ask('GET /events HTTP/1.0\r\n\r\n');
    await pass(1_250);
    const text = taken(client);
    expect(text).not.toContain('Transfer-Encoding');
    expect(eventsIn(text).map(({ event }) => event)).toEqual(['hello', 'snapshot', 'totals']);
  });

  it('has a last event when the server stops', async () => {
    const { ask, pass, server } = await nodeWorld();
    const client = ask();
    await pass(500);
    const stopping = server.stop();
    await pass(1_000);
    await stopping;
    expect(eventsIn(taken(client)).at(-1)).toMatchObject({ event: 'shutdown' });
    expect(client.hasEOF).toBe(true);
  });

  it('ignores what comes behind the request', async () => {
    const { ask, pass } = await nodeWorld();
    const client = ask(`${GET}GET /x HTTP/1.1\r\n\r\n`);
    await pass(500);
    client.send('rubbish'.repeat(1_000));
    await pass(2_000);
    const text = taken(client);
    expect(text.match(/HTTP\/1.1/g)).toHaveLength(1);
    expect(eventsIn(text).at(-1)!.event).toBe('totals');
  });
});

describe('a stream', () => {
  /** Tells what it is told to, and counts. */
  function quiet() {
    const world = serverWorld();
    const told: string[] = [];
    const source = {
      beginning: (isNew: boolean): StreamedEvent[] => [[isNew ? 'first' : 'again', {}]],
      begin: () => void told.push('begin'),
      end: () => void told.push('end'),
    };
    const streams = new EventStreams(source, { clock: world.clock, maxClients: 2 });
    world.server.route('GET', '/events', (request) => streams.accept(request), { queued: false });
    world.server.start();
    return { ...world, streams, source, told };
  }

  it('survives ten minutes of silence with a comment every fifteen seconds', async () => {
    const { ask, pass } = quiet();
    const client = ask();
    await pass(600_000, 1_000);
    expect(client.hasEOF).toBe(false);
    expect(bodyOf(taken(client)).match(/^: \n\n/gm)).toHaveLength(40);
  });

  it('of a slow client leaves events out, and begins again when it has taken what waited', async () => {
    const { ask, pass, streams } = quiet();
    const [slow, quick] = [ask(), ask()];
    await pass(500);
    taken(quick);
    slow.pauseReading();
    const piece = 'x'.repeat(50_000);
    let quickText = '';
    // As much as waits in both sockets, and 256 KiB more.
    for (let count = 0; count < 12; count++) {
      streams.send(['piece', piece]);
      await pass(250);
      quickText += taken(quick);
    }
    expect(streams.dropped).toBeGreaterThan(0);
    expect(quickText.match(/event: piece/g)).toHaveLength(12);
    slow.resumeReading();
    await pass(1_000);
    const slowText = taken(slow);
    const names = eventsIn(slowText).map(({ event }) => event);
    expect(names).toHaveLength(12 - streams.dropped + 2);
    expect([names[0], names.at(-1)]).toEqual(['first', 'again']);
    streams.send(['piece', 'y']);
    await pass(250);
    expect(taken(slow)).toContain('event: piece');
  });

  it('ends where the source fails over a beginning, which is logged, and the source is told of the last end', async () => {
    const { ask, pass, streams, told, source, errors } = quiet();
    const { beginning } = source;
    const fail = (): never => {
      throw new Error('no beginning');
    };
    source.beginning = fail;
    const early = ask();
    await pass(500);
    expect([early.hasEOF, streams.count, told]).toEqual([true, 0, ['begin', 'end']]);
    source.beginning = beginning;
    const slow = ask();
    await pass(500);
    slow.pauseReading();
    for (let count = 0; count < 12; count++) {
      streams.send(['piece', 'x'.repeat(50_000)]);
      await pass(250);
    }
    source.beginning = fail;
    slow.resumeReading();
    await pass(1_000);
    expect([slow.hasEOF, streams.count, told]).toEqual([true, 0, ['begin', 'end', 'begin', 'end']]);
    expect(errors).toEqual([
      expect.stringMatching(/^http: the handler of GET \/events failed: Error: no beginning/),
      expect.stringMatching(/^http: onClose of a stream at \/events failed: Error: no beginning/),
    ]);
  });

  it('of a client that takes nothing ends after half a minute, and the others go on', async () => {
    const { ask, pass, streams, told } = quiet();
    const [stalled, other] = [ask(), ask()];
    await pass(500);
    stalled.pauseReading();
    streams.send(['piece', 'x'.repeat(300_000)]);
    await pass(40_000, 500);
    taken(other);
    await pass(1_000);
    expect(streams.count).toBe(1);
    expect(told).toEqual(['begin']);
    streams.send(['piece', 'y']);
    await pass(500);
    expect(taken(other)).toContain('event: piece');
    stalled.end();
    other.end();
    await pass(500);
    expect(told).toEqual(['begin', 'end']);
  });

  it('of more than a megabyte at once ends at once', async () => {
    const { ask, pass, streams } = quiet();
    ask().pauseReading();
    await pass(500);
    streams.send(['piece', 'x'.repeat(200_000)]);
    streams.send(['piece', 'x'.repeat(1_200_000)]);
    await pass(500);
    expect(streams.count).toBe(0);
  });

  it('answers HEAD without beginning', async () => {
    const { ask, pass, told } = quiet();
    const client = ask('HEAD /events HTTP/1.1\r\n\r\n');
    await pass(500);
    expect(taken(client)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
    expect(told).toEqual([]);
  });
});
