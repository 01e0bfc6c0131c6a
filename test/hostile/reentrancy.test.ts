// Callbacks that do anything at all, at random: whatever they call from wherever, nothing comes for what they closed, nothing
// of ours is thrown, and nothing is left over. The seed is printed; SOCKMAN_SEED repeats a run.

import type { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import { seededRandom } from '../../ts/sockman/backends/memory/seeded-random.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { Overridable, Probe } from '../harness/probe.ts';
import { noteProgress, until } from '../harness/until.ts';

const SEED = Number(process.env['SOCKMAN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CALL_COUNT = 5_000;
const MOST_CONNECTIONS = 40;

/** The hand behind every callback of one probe. */
class Chaos {
  callCount = 0;
  /** Ids for which a callback came after their close or their hand-over. */
  readonly tooLate: number[] = [];
  probe!: Probe;
  bound!: Service;
  readonly #random = seededRandom(SEED);
  readonly #open = new Set<number>();
  readonly #gone = new Set<number>();
  readonly #streams: Duplex[] = [];

  act(nodeId: number): boolean {
    this.callCount++;
    noteProgress();
    if (this.#gone.has(nodeId)) this.tooLate.push(nodeId);
    if (this.callCount < CALL_COUNT) this.#doSomething(nodeId);
    return this.#random() < 0.8;
  }

  accept(nodeId: number): boolean {
    this.#open.add(nodeId);
    return this.act(nodeId);
  }

  async dial(): Promise<void> {
    if (this.probe.connectionCount >= MOST_CONNECTIONS) return;
    const { nodeId } = await this.probe.connectAndMakeNodeId(this.bound);
    if (nodeId !== undefined) this.#open.add(nodeId);
  }

  #doSomething(nodeId: number): void {
    const { probe } = this;
    const other = [...this.#open][Math.floor(this.#random() * this.#open.size)] ?? nodeId;
    const chance = this.#random();
    if (chance < 0.08) this.#end(nodeId, () => probe.closeConnection(nodeId));
    else if (chance < 0.16) this.#end(other, () => probe.resetConnection(other));
    else if (chance < 0.36) probe.sendBytes(other, new Uint8Array(1 + this.#random() * 100_000));
    else if (chance < 0.46) probe.wake(other);
    else if (chance < 0.5) probe.shutdownSend(nodeId);
    else if (chance < 0.6) void this.dial();
    else if (chance < 0.63) this.#stream(nodeId);
    else if (chance < 0.66) this.#listenBriefly();
    else if (chance < 0.68) this.#pauseBriefly();
    else if (chance < 0.7) throw new Error('chaos');
  }

  #end(nodeId: number, close: () => boolean): void {
    close();
    this.#open.delete(nodeId);
    this.#gone.add(nodeId);
  }

  #stream(nodeId: number): void {
    if (this.#gone.has(nodeId) || this.probe.addressesOf(nodeId) === undefined) return;
    const stream = this.probe.duplex(nodeId);
    this.#open.delete(nodeId);
    this.#gone.add(nodeId);
    this.#streams.push(stream);
    stream.on('error', () => {});
    stream.on('data', () => this.#random() < 0.3 && stream.destroy());
    stream.on('end', () => stream.end());
    stream.write('hello');
  }

  #listenBriefly(): void {
    const result = this.probe.bindAndStartListening('127.0.0.1:0');
    if (result.ok) setImmediate(() => this.probe.stopListening(result.bound));
  }

  #pauseBriefly(): void {
    this.probe.pauseAccepting();
    setImmediate(() => this.probe.resumeAccepting());
  }
}

describeEachBackend('re-entrant callbacks', (stage) => {
  it(`outlives ${CALL_COUNT} of them that do anything (SOCKMAN_SEED=${SEED})`, async () => {
    const chaos = new Chaos();
    const act = (nodeId: number): boolean => chaos.act(nodeId);
    const overrides: Overridable = {
      shouldTryToRecv: act,
      shouldTryToSend: act,
      eventIOLoopCompletedForNode: (nodeId) => void act(nodeId),
      eventIOLoopCompletedForAllPeers: () => void chaos.dial(),
    };
    const probe = stage.idleProbe({}, overrides);
    probe.keepsBytes = false;
    chaos.probe = probe;
    Object.assign(probe.on, {
      eventNewConnectionAccepted: (nodeId: number) => chaos.accept(nodeId),
      eventReadyToSend: act,
      eventGotData: act,
      eventGotEOF: act,
      eventGotPermanentReadError: act,
    });
    chaos.bound = stage.listen(probe);
    probe.startSocketsThreads();
    await until('the calls', () => chaos.callCount >= CALL_COUNT, 15_000);
    await probe[Symbol.asyncDispose]();
    expect(chaos.tooLate).toEqual([]);
    expect(probe.thrown.filter(({ error }) => (error as Error).message !== 'chaos')).toEqual([]);
    const { accepted, dialed, closed, connectionCount, listenerCount } = probe.stats();
    expect({ connectionCount, listenerCount }).toEqual({ connectionCount: 0, listenerCount: 0 });
    expect(closed).toBe(accepted + dialed);
  }, 20_000);
});
