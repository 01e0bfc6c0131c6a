// Plays random schedules on real connections between two SockMans, and writes down what each end was told.

import assert from 'node:assert/strict';
import { setImmediate as nextPass } from 'node:timers/promises';
import { SockMan } from '../../ts/sockman/sock-man.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import type { Service } from '../../ts/netaddr/service.ts';
import { noise } from '../harness/peers/noise.ts';
import { noteProgress, until } from '../harness/until.ts';
import type { End, Schedule } from './schedule.ts';

/** What all streams are cut from, each from its own offset on. */
const NOISE = noise(20, 1 << 21);
const OFFSET_COUNT = 1 << 20;

/** One end of a connection under test. */
class Terminal {
  readonly player: Player;
  readonly nodeId: number;
  readonly #sendsFrom: number;
  readonly #receivesFrom: number;
  /** Bytes to be sent so far, and how many of them the kernel took. */
  queuedBytes = 0;
  takenBytes = 0;
  wantsShutdown = false;
  isShutDown = false;
  isPaused = false;
  isClosed = false;
  receivedBytes = 0;
  /** `eof`, or the name of the errno. */
  ending: string | undefined;

  constructor(player: Player, nodeId: number, noiseSeed: number, end: End) {
    this.player = player;
    this.nodeId = nodeId;
    this.#sendsFrom = offsetOf(noiseSeed, end);
    this.#receivesFrom = offsetOf(noiseSeed, end === 0 ? 1 : 0);
  }

  queue(byteCount: number): void {
    this.queuedBytes += byteCount;
    this.flush();
  }

  shutDown(): void {
    this.wantsShutdown = true;
    this.flush();
  }

  flush(): void {
    while (this.takenBytes < this.queuedBytes) {
      const from = this.#sendsFrom + this.takenBytes;
      const data = NOISE.subarray(from, from + this.queuedBytes - this.takenBytes);
      const sent = this.player.sendBytes(this.nodeId, data);
      if (sent <= 0) return;
      this.takenBytes += sent;
    }
    if (!this.wantsShutdown || this.isShutDown) return;
    this.isShutDown = true;
    assert.ok(this.player.shutdownSend(this.nodeId), 'an open connection cannot be shut down');
  }

  resume(): void {
    this.isPaused = false;
    this.player.wake(this.nodeId);
  }

  close(kind: 'close' | 'reset'): void {
    this.isClosed = true;
    if (kind === 'close') this.player.closeConnection(this.nodeId);
    else this.player.resetConnection(this.nodeId);
  }

  gotData(data: Uint8Array): void {
    this.#mayBeTold();
    const from = this.#receivesFrom + this.receivedBytes;
    assert.ok(NOISE.subarray(from, from + data.length).equals(data), `other bytes at ${this.receivedBytes}`);
    this.receivedBytes += data.length;
  }

  gotEnd(ending: string): void {
    this.#mayBeTold();
    this.ending = ending;
  }

  /** Nothing comes after the end, after our close, or while the predicate says no. */
  #mayBeTold(): void {
    const { isClosed, isPaused, ending } = this;
    const isAllowed = !isClosed && !isPaused && ending === undefined;
    if (!isAllowed) assert.fail(`told too late: ${JSON.stringify({ isClosed, isPaused, ending })}`);
  }
}

function offsetOf(noiseSeed: number, end: End): number {
  return (Math.imul(noiseSeed, 7_919) + end * 31_337) & (OFFSET_COUNT - 1);
}

/** A `SockMan` whose connections are terminals. What is told of a connection before it has one would be an error. */
export class Player extends SockMan {
  readonly terminals: (Terminal | undefined)[] = [];
  /** Node ids by the peer's address. */
  readonly acceptedFrom = new Map<string, number>();
  readonly failures: unknown[] = [];

  constructor(options: SockManOptions, mayPause: boolean) {
    const failures: unknown[] = [];
    super({ ...options, onCallbackError: (error) => failures.push(error) });
    this.failures = failures;
    if (mayPause) this.shouldTryToRecv = (nodeId) => this.terminals[nodeId]?.isPaused !== true;
  }

  eventNewConnectionAccepted(nodeId: number, _me: Service, them: Service): boolean {
    this.acceptedFrom.set(them.toString(), nodeId);
    noteProgress();
    return true;
  }
  eventReadyToSend(nodeId: number): boolean {
    this.terminals[nodeId]?.flush();
    return false;
  }
  eventGotData(nodeId: number, data: Uint8Array): void {
    this.terminals[nodeId]!.gotData(data);
    noteProgress();
  }
  eventGotEOF(nodeId: number): void {
    this.terminals[nodeId]!.gotEnd('eof');
    noteProgress();
  }
  eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    this.terminals[nodeId]!.gotEnd(errmsg.split(' ')[0]!);
    noteProgress();
  }
}

/** Connects two players once for each schedule, plays them all at once, and gives the log of each. */
export async function playTogether(
  schedules: Schedule[],
  options: SockManOptions,
  mayPause: boolean,
): Promise<string[]> {
  await using server = new Player(options, mayPause);
  await using client = new Player(options, mayPause);
  const result = server.bindAndStartListening('127.0.0.1:0');
  if (!result.ok) throw new Error(result.errmsg);
  server.startSocketsThreads();
  client.startSocketsThreads();

  const pairs = await Promise.all(
    schedules.map(async ({ noiseSeed }): Promise<[Terminal, Terminal]> => {
      const dialed = await client.connectAndMakeNodeId(result.bound);
      if (dialed.nodeId === undefined) throw new Error(dialed.errmsg);
      const me = dialed.me.toString();
      await until('the accept', () => server.acceptedFrom.has(me));
      const accepted = server.acceptedFrom.get(me)!;
      const ends: [Terminal, Terminal] = [
        new Terminal(client, dialed.nodeId, noiseSeed, 0),
        new Terminal(server, accepted, noiseSeed, 1),
      ];
      client.terminals[dialed.nodeId] = ends[0];
      server.terminals[accepted] = ends[1];
      return ends;
    }),
  );
  const logs = await Promise.all(schedules.map((schedule, index) => play(schedule, pairs[index]!, mayPause)));
  for (const failure of [...server.failures, ...client.failures]) throw failure;
  assert.deepEqual([server.connectionCount, client.connectionCount], [0, 0]);
  // Every byte that an end was told is in its counters, and nothing else.
  for (const player of [server, client]) {
    const told = player.terminals.reduce((sum, terminal) => sum + terminal!.receivedBytes, 0);
    const taken = player.terminals.reduce((sum, terminal) => sum + terminal!.takenBytes, 0);
    assert.ok(player.stats().receivedBytes >= told, 'more bytes were told than counted');
    assert.equal(player.stats().sentBytes, taken);
  }
  return logs;
}

async function play(schedule: Schedule, ends: [Terminal, Terminal], mayPause: boolean): Promise<string> {
  const log: string[] = [];
  for (const [round, actions] of schedule.rounds.entries()) {
    for (const action of actions) {
      if (action.kind === 'yield') await nextPass();
      else if (action.kind === 'send') ends[action.end].queue(action.byteCount);
      else if (action.kind === 'shutdown') ends[action.end].shutDown();
      else if (action.kind === 'resume') ends[action.end].resume();
      else if (mayPause) ends[action.end].isPaused = true;
    }
    const [a, b] = ends;
    await until(`round ${round} of the schedule with seed ${schedule.noiseSeed}`, () => hasAll(a, b) && hasAll(b, a));
    log.push(`${round}: ${ends.map(summary).join(' | ')}`);
  }
  log.push(await finish(schedule, ends));
  return log.join('\n');
}

/** Whether `reader` was told all that `writer` did, or is paused. */
function hasAll(reader: Terminal, writer: Terminal): boolean {
  if (reader.isPaused) return true;
  return reader.receivedBytes === writer.queuedBytes && (reader.ending === 'eof') === writer.wantsShutdown;
}

function summary(end: Terminal): string {
  return end.isPaused ? 'paused' : `${end.receivedBytes} bytes${end.ending === undefined ? '' : `, ${end.ending}`}`;
}

/** One end goes; what the other is told of it. */
async function finish({ finish: { kind, end }, noiseSeed }: Schedule, ends: [Terminal, Terminal]): Promise<string> {
  const leaver = ends[end];
  const stayer = ends[end === 0 ? 1 : 0];
  const knewTheEnd = stayer.ending !== undefined;
  const leavesUnread = leaver.receivedBytes < stayer.queuedBytes;
  const isCut = kind === 'reset' || leavesUnread;
  const { takenBytes } = leaver;
  leaver.close(kind);
  // What waits to be sent goes nowhere any more.
  stayer.queuedBytes = stayer.takenBytes;
  stayer.wantsShutdown = stayer.isShutDown;
  const wasPaused = stayer.isPaused;
  stayer.resume();
  if (!knewTheEnd) {
    await until(`the finish of the schedule with seed ${noiseSeed}`, () => stayer.ending !== undefined);
    if (isCut) assert.ok(stayer.receivedBytes <= takenBytes, 'more bytes came than were sent');
    else assert.equal(stayer.receivedBytes, takenBytes);
    if (stayer.ending === 'ECONNRESET') {
      const sent = stayer.player.sendBytes(stayer.nodeId, NOISE.subarray(0, 1));
      assert.ok(sent < 0, 'a connection that was reset takes bytes');
    } else assert.equal(stayer.ending, 'eof');
  }
  // Which of the two is open in these cases, see schedule.ts. A FIN that came before the RST stays the end, and one that
  // was sent in the round of a pause may have been told before it.
  const isClear = kind === 'reset' && !leaver.wantsShutdown && !knewTheEnd;
  if (isClear && stayer.player.backendName !== 'node-net') assert.equal(stayer.ending, 'ECONNRESET');
  // Whether a paused leaver has bytes unread is a matter of when in its round it paused: taken as a yes for the log.
  const mayCut = kind === 'reset' || leaver.isPaused;
  const isOpen = wasPaused ? mayCut || leaver.wantsShutdown : kind === 'close' && leaver.isPaused && !knewTheEnd;
  const told = isOpen ? 'an end' : knewTheEnd ? 'nothing new' : stayer.ending;
  const bytes = !wasPaused ? stayer.receivedBytes : mayCut ? 'some' : 'all';
  stayer.close('close');
  return `finish by ${kind}: ${bytes} bytes, ${told}`;
}
