// A loop that was busy for longer than a proxy may take for a step turned an answer that lay in the socket into "timed out".
// Minutes of work are made of a clock that jumps: between the answer and the timers nobody asks the sockets.

import { afterEach, beforeEach, expect, vi } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import type { ConnectTarget, Proxy } from '../../ts/sockman/dial/connect-options.ts';
import { addressOfDestination } from '../../ts/sockman/dial/i2p-destination.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import { D1 } from '../harness/dials/i2p-destinations.ts';
import { goodSamAnswer } from '../harness/dials/sam-bridge.ts';
import type { RawPeer } from '../harness/peers/raw-peer.ts';
import { until } from '../harness/until.ts';

/** Longer than any step may take, in milliseconds. */
const BUSY_MS = 600_000;

const hostSetTimeout = setTimeout;
const hostNow = performance.now.bind(performance);

/** How far the clock has jumped. */
let aheadMs = 0;

/** What a proxy or bridge says to the request that it has read, after so many answers to this connection. */
type Talk = (request: Buffer, answerCount: number) => string | Uint8Array;

const SOCKS5_ANSWERS = ['0502', '0100', '05000001000000000000'];
const socks5: Talk = (_request, count) => Buffer.from(SOCKS5_ANSWERS[count]!, 'hex');
const sam: Talk = (request) => `${goodSamAnswer(request.toString('latin1').trim())}\n`;

const PROXIES: [name: string, steps: number, talk: Talk, to: ConnectTarget, options: Partial<Proxy>][] = [
  ['SOCKS5', 3, socks5, { host: 'name.example', port: 1 }, { streamIsolation: true }],
  ['SAM', 5, sam, new Service(addressOfDestination(D1), 0), {}],
];

/** Dials through a proxy. Its answer number `busyAt` lies in the socket while we are busy until long after. */
async function dialed(stage: Stage, [, steps, talk, to, options]: (typeof PROXIES)[0], busyAt: number) {
  const listener = await stage.rawListener();
  const proxy = { endpoint: listener.bound, ...options };
  const dialing = stage.probe().connectAndMakeNodeId(to, { proxy });
  const seen = new Map<RawPeer, { bytes: number; answers: number }>();
  let step = 0;
  const answer = (peer: RawPeer): void => {
    const { bytes, answers } = seen.get(peer) ?? { bytes: 0, answers: 0 };
    if (peer.receivedBytes === bytes) return;
    seen.set(peer, { bytes: peer.receivedBytes, answers: answers + 1 });
    const words = talk(peer.bytes.subarray(bytes), answers);
    const send = (): void => peer.send(words);
    if (step++ !== busyAt) return send();
    // Timers of the host run in a phase of their own, which a look at the sockets follows.
    hostSetTimeout(() => {
      send();
      aheadMs += BUSY_MS;
      vi.advanceTimersByTime(BUSY_MS);
    }, 0);
  };
  const serving = until(
    'the last step',
    () => {
      listener.peers.forEach(answer);
      return step === steps;
    },
    // By the clock that jumps.
    2 * BUSY_MS,
  );
  const result = await dialing;
  await serving;
  return result;
}

describeEachBackend('a loop that is busy past the deadline of a step', (stage) => {
  beforeEach(() => {
    aheadMs = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // A method of the host's object: the global itself is asked for once.
    vi.spyOn(performance, 'now').mockImplementation(() => hostNow() + aheadMs);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  for (const proxy of PROXIES) {
    for (let busyAt = 0; busyAt < proxy[1]; busyAt++) {
      const title = `does not end a dial through ${proxy[0]} whose answer ${busyAt + 1} of ${proxy[1]} is there`;
      itUnless(stage.backend === 'memory' ? 'its time passes only between events' : undefined)(title, async () => {
        expect(await dialed(stage, proxy, busyAt)).toMatchObject({ nodeId: 0 });
      });
    }
  }
});
