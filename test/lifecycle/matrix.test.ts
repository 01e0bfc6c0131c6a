// Every public method in every state of a SockMan's life, with what it must do there.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import type { Probe } from '../harness/probe.ts';
import { inTime, until } from '../harness/until.ts';

const STATES = ['created', 'started', 'interrupted', 'joined', 'disposed'] as const;
type State = (typeof STATES)[number];

/** A SockMan in a state, with a listener and (once it ran) node 0 connected, as far as the state allows. */
async function arrive(stage: Stage, state: State): Promise<Probe> {
  if (state === 'created') {
    const probe = stage.idleProbe();
    stage.listen(probe);
    return probe;
  }
  const { probe } = await stage.connected();
  await until('the first word', () => probe.has('ready 0'));
  if (state !== 'started') probe.interruptNet();
  if (state === 'joined') await probe.joinSocketsThreads();
  if (state === 'disposed') await probe[Symbol.asyncDispose]();
  return probe;
}

const STATE_ERROR = 'throws ERR_SOCKMAN_STATE';
const DATA = Buffer.from('x');

/** What a call comes to: its value as JSON, or the code of what it throws or rejects with. */
async function outcome(call: () => unknown): Promise<string> {
  try {
    const value = await inTime('the result', Promise.resolve(call()));
    return JSON.stringify(value) ?? 'undefined';
  } catch (error) {
    return `throws ${(error as { code?: string }).code}`;
  }
}

type Expected = Record<State, string> | string;
const byState = (
  created: string,
  started: string,
  interrupted: string,
  joined: string,
  disposed: string,
): Expected => ({
  created,
  started,
  interrupted,
  joined,
  disposed,
});

/** A method, and its outcome: the same in all states, or one for each in the order of `STATES`. */
const METHODS: [string, (probe: Probe) => unknown, Expected][] = [
  [
    'bindAndStartListening',
    (probe) => probe.bindAndStartListening('127.0.0.1:0').ok,
    byState('true', 'true', STATE_ERROR, STATE_ERROR, STATE_ERROR),
  ],
  [
    'startSocketsThreads',
    (probe) => probe.startSocketsThreads(),
    byState('undefined', STATE_ERROR, STATE_ERROR, STATE_ERROR, STATE_ERROR),
  ],
  [
    'joinSocketsThreads',
    (probe) => {
      if (probe.stats().runningMs > 0) probe.interruptNet();
      return probe.joinSocketsThreads();
    },
    'undefined',
  ],
  ['interruptNet', (probe) => probe.interruptNet(), 'undefined'],
  ['closeSockets', (probe) => probe.closeSockets(), 'undefined'],
  ['asyncDispose', (probe) => probe[Symbol.asyncDispose](), 'undefined'],
  ['stopListening', (probe) => probe.stopListening(), byState('1', '1', '1', '1', '0')],
  ['pauseAccepting', (probe) => probe.pauseAccepting(), byState('1', '1', '1', '1', '0')],
  ['resumeAccepting', (probe) => probe.resumeAccepting(), byState('1', '1', '1', '1', '0')],
  [
    'connectAndMakeNodeId',
    async (probe) => (await probe.connectAndMakeNodeId(REFUSING)).nodeId,
    byState(STATE_ERROR, 'undefined', 'undefined', 'undefined', 'undefined'),
  ],
  ['closeConnection', (probe) => probe.closeConnection(0), byState('false', 'true', 'true', 'true', 'false')],
  ['resetConnection', (probe) => probe.resetConnection(0), byState('false', 'true', 'true', 'true', 'false')],
  ['shutdownSend', (probe) => probe.shutdownSend(0), byState('false', 'true', 'true', 'true', 'false')],
  ['sendBytes', (probe) => probe.sendBytes(0, DATA), byState('0', '1', '1', '1', '0')],
  ['sendBytesMany', (probe) => [...probe.sendBytesMany([0], DATA)], byState('[0]', '[1]', '[1]', '[1]', '[0]')],
  ['wake', (probe) => probe.wake(0), byState('false', 'true', 'true', 'true', 'false')],
  ['duplex', (probe) => typeof probe.duplex(0), byState(STATE_ERROR, '"object"', '"object"', '"object"', STATE_ERROR)],
  ['addressesOf', (probe) => probe.addressesOf(0) !== undefined, byState('false', 'true', 'true', 'true', 'false')],
  ['countersOf', (probe) => probe.countersOf(0) !== undefined, byState('false', 'true', 'true', 'true', 'false')],
  ['tcpInfoOf of an unknown id', (probe) => probe.tcpInfoOf(7), 'undefined'],
  ['errmsgOf', (probe) => probe.errmsgOf(0), '""'],
  ['connectionCount', (probe) => probe.connectionCount, byState('0', '1', '1', '1', '0')],
  ['stats', (probe) => probe.stats().connectionCount, byState('0', '1', '1', '1', '0')],
  ['backendName', (probe) => probe.backendName.length > 0, 'true'],
];

/** Nobody listens there. */
const REFUSING = '127.0.0.1:1';

describeEachBackend('methods in states', (stage) => {
  describe.each(METHODS)('%s', (_name, call, expected) => {
    it.each(STATES)('when %s', async (state) => {
      const probe = await arrive(stage, state);
      expect(await outcome(() => call(probe))).toBe(typeof expected === 'string' ? expected : expected[state]);
    });
  });

  it('works without a backend at all: nothing asked of a SockMan that never opened anything makes one', async () => {
    const probe = stage.idleProbe({
      backend: () => {
        throw new Error('made a backend');
      },
    });
    expect(probe.closeConnection(0)).toBe(false);
    expect(probe.sendBytes(0, DATA)).toBe(0);
    expect(probe.stopListening()).toBe(0);
    expect(probe.stats().turns).toBe(0);
    expect(probe.connectionCount).toBe(0);
    probe.closeSockets();
    await probe[Symbol.asyncDispose]();
  });
});
