// Streams, handshakes and a crawl between two hosts whose network has little bandwidth, loses packets, resets, limits or fails:
// everything comes through, byte for byte, or ends as it is documented.

import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../ts/crawl/record/record.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import type { SockMan } from '../../ts/sockman/sock-man.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { noise } from '../harness/peers/noise.ts';
import { noteProgress, until } from '../harness/until.ts';
import { FAR, NEEDED_PROGRAMS, TwoHosts } from './two-hosts.ts';
import type { Impairment } from './two-hosts.ts';

const BYTES = 400_000;
const STREAMS = 4;
const PATIENCE_MS = 60_000;
const OWN = noise(1, BYTES);
const EXPECTED = noise(2, BYTES);

const SOUND: Impairment = { name: 'sound' };
const LOSSY: Impairment = { name: 'lossy', rules: ['numgen random mod 100 < 3 counter drop'] };
const IMPAIRMENTS: readonly Impairment[] = [
  SOUND,
  { name: 'narrow', tbf: ['rate', '16mbit', 'burst', '16kb', 'latency', '40ms'] },
  LOSSY,
  { name: 'limited', rules: ['limit rate over 800/second burst 50 packets counter drop'] },
];
const RESETTING: Impairment = { name: 'resetting', rules: ['numgen random mod 60 == 0 counter reject with tcp reset'] };
const DEAD: Impairment = { name: 'dead', rules: ['counter drop'] };

interface Ending {
  bytes: number;
  isSound: boolean;
  ending: string | undefined;
}

/** One connection: what it heard, until it is closed. */
class Talker {
  readonly heard: Ending = { bytes: 0, isSound: true, ending: undefined };
  isClosed = false;
}

/** Connections to the far end, all at once: each sends everything, ends its side, and hears as much. */
class Talk {
  readonly talkers = new Map<number, Talker>();
  readonly sockets: SockMan;

  constructor() {
    // A reset that only the other end got shows when it is asked whether it is still there.
    this.sockets = createSockMan(
      {
        eventGotData: (nodeId, data) => {
          const { heard } = this.talkers.get(nodeId)!;
          if (!EXPECTED.subarray(heard.bytes, heard.bytes + data.length).equals(data)) heard.isSound = false;
          heard.bytes += data.length;
        },
        eventGotEOF: (nodeId) => this.#end(nodeId, 'eof'),
        eventGotPermanentReadError: (nodeId, _errmsg, code) => this.#end(nodeId, code),
        eventConnectionClosed: (nodeId) => {
          this.talkers.get(nodeId)!.isClosed = true;
          noteProgress();
        },
      },
      { keepAliveSeconds: 1 },
    );
    this.sockets.startSocketsThreads();
  }

  /** Dials, sends all and half-closes. @returns The code of a dial that fails. */
  async begin(to: string): Promise<string | undefined> {
    const dialed = await this.sockets.connectAndMakeNodeId(to);
    if (dialed.nodeId === undefined) return dialed.code;
    this.talkers.set(dialed.nodeId, new Talker());
    this.sockets.queueBytes(dialed.nodeId, OWN);
    this.sockets.shutdownSend(dialed.nodeId);
    return undefined;
  }

  async ended(): Promise<Ending[]> {
    const talkers = [...this.talkers.values()];
    await until('the ends of all streams', () => talkers.every(({ isClosed }) => isClosed), PATIENCE_MS);
    return talkers.map(({ heard }) => heard);
  }

  #end(nodeId: number, ending: string): void {
    this.talkers.get(nodeId)!.heard.ending = ending;
    this.sockets.closeConnection(nodeId);
  }
}

const ALL_OF_IT: Ending = { bytes: BYTES, isSound: true, ending: 'eof' };
const countDescriptors = (): number => readdirSync('/proc/self/fd').length;

describeInNamespace(
  'two hosts on a wire',
  import.meta.filename,
  { packages: NEEDED_PROGRAMS, deadlineMs: 240_000 },
  () => {
    vi.setConfig({ testTimeout: PATIENCE_MS });
    let hosts: TwoHosts;
    /** What this kernel lacks. */
    let missing: string | undefined;
    beforeAll(async () => {
      hosts = await TwoHosts.create();
      try {
        for (const impairment of [...IMPAIRMENTS, RESETTING, DEAD]) hosts.impair(impairment);
        hosts.clear();
      } catch (error) {
        missing = String((error as Error).message);
        console.info(`two hosts on a wire: skipped, ${missing}`);
      }
    }, 30_000);
    afterEach(async () => {
      if (missing !== undefined) return;
      hosts.clear();
      await hosts.ask({ ask: 'stopNodes' });
    });
    afterAll(() => hosts.destroy());

    describe.each(IMPAIRMENTS)('over a network that is $name', (impairment) => {
      it('streams come through byte for byte, both ways, with a half-close in between', async ({ skip }) => {
        skip(missing !== undefined, missing);
        const at = await hosts.ask<string>({ ask: 'listen', at: `${FAR}:0`, byteCount: BYTES });
        hosts.impair(impairment);
        const before = countDescriptors();
        const talk = new Talk();
        for (let count = 0; count < STREAMS; count++) expect(await talk.begin(at)).toBeUndefined();
        expect(await talk.ended()).toEqual(Array.from({ length: STREAMS }, () => ALL_OF_IT));
        expect(await hosts.ask({ ask: 'ends' })).toEqual(Array.from({ length: STREAMS }, () => ALL_OF_IT));
        await talk.sockets.close();
        expect(countDescriptors()).toBe(before);
        if (impairment.rules !== undefined) expect(hosts.caughtPackets()).toBeGreaterThan(0);
      });

      it('peers shake hands over V2', async ({ skip }) => {
        skip(missing !== undefined, missing);
        const address = `44.1.0.1:${18_444}`;
        await hosts.ask({ ask: 'startNodes', addresses: [address] });
        hosts.impair(impairment);
        for (let count = 0; count < 5; count++) {
          const connman = new Connman({ chain: 'regtest', connect: [address], listen: false });
          const peers = new PeerManager();
          const ready = new Promise((resolve) => peers.on('peerReady', resolve));
          await connman.start(peers);
          await ready;
          expect(connman.getPeerStats()).toMatchObject([{ transport_protocol_type: 'v2' }]);
          await connman.stop();
        }
      });

      it('a crawl reaches every node, and hears addresses', async ({ skip }) => {
        skip(missing !== undefined, missing);
        const addresses = Array.from({ length: 12 }, (_, index) => `44.${index + 1}.0.1:18444`);
        await hosts.ask({ ask: 'startNodes', addresses });
        hosts.impair(impairment);
        const records: CrawlRecord[] = [];
        // Each tells a quarter of what it knows: from one alone the way to some may be missing.
        const seeds = addresses.map((address) => ({ service: Service.parse(address), source: 'given' as const }));
        const crawler = new Crawler(
          { chain: 'regtest', seeds, retryDelayMs: 1_000, clear: { quietMs: 2_000 } },
          { record: (record) => records.push(record) },
        );
        await crawler.run(new AbortController().signal);
        const reached = records.filter(({ outcome }) => outcome === 'reachable');
        expect(reached.map((one) => `${one.address}:${one.port}`).sort()).toEqual(addresses.sort());
        expect(reached.every(({ addressCount = 0 }) => addressCount > 0)).toBe(true);
      });
    });

    it('an outage in the middle of streams only delays them', async ({ skip }) => {
      skip(missing !== undefined, missing);
      const at = await hosts.ask<string>({ ask: 'listen', at: `${FAR}:0`, byteCount: BYTES });
      hosts.impair({ name: 'slow', tbf: ['rate', '8mbit', 'burst', '16kb', 'latency', '200ms'] });
      const talk = new Talk();
      for (let count = 0; count < STREAMS; count++) expect(await talk.begin(at)).toBeUndefined();
      hosts.impair(DEAD);
      // Until the kernels have tried in vain, both of them.
      const pulse = setInterval(noteProgress, 100);
      await until('packets that nobody gets', () => hosts.caughtPackets() > 2 * STREAMS, PATIENCE_MS);
      clearInterval(pulse);
      expect([...talk.talkers.values()].some(({ isClosed }) => isClosed)).toBe(false);
      hosts.clear();
      expect(await talk.ended()).toEqual(Array.from({ length: STREAMS }, () => ALL_OF_IT));
      await talk.sockets.close();
    });

    it('resets in the middle of streams end them at both ends, behind sound bytes, and leave nothing', async ({
      skip,
    }) => {
      skip(missing !== undefined, missing);
      const at = await hosts.ask<string>({ ask: 'listen', at: `${FAR}:0`, byteCount: BYTES });
      hosts.impair(RESETTING);
      const before = [countDescriptors(), await hosts.ask<number>({ ask: 'descriptors' })];
      const talk = new Talk();
      const refused: unknown[] = [];
      for (let count = 0; count < 40; count++) refused.push(await talk.begin(at));
      const endings = await talk.ended();
      expect(
        refused.filter((code) => code !== undefined && code !== 'connect-failed' && code !== 'connection-refused'),
      ).toEqual([]);
      for (const { isSound, ending, bytes } of endings) {
        expect(isSound).toBe(true);
        expect(['eof', 'ECONNRESET', 'EPIPE']).toContain(ending);
        expect(ending !== 'eof' || bytes === BYTES, `${bytes} bytes, then ${ending}`).toBe(true);
      }
      expect(endings.some(({ ending }) => ending === 'ECONNRESET')).toBe(true);
      await talk.sockets.close();
      hosts.clear();
      const farEnds = await hosts.ask<Ending[]>({ ask: 'ends' });
      for (const { isSound } of farEnds) expect(isSound).toBe(true);
      expect(countDescriptors()).toBe(before[0]);
    });
  },
);
