// Plays a program of callbacks on a `SockMan` that talks to itself, and says what it was told that it may not be told.
//
// Without instructions it dials three times; each dial sends, hears it back, ends its side, and both ends close.

import { setImmediate as nextPass } from 'node:timers/promises';

import { SockMan } from '../../ts/sockman/sock-man.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import type { Service } from '../../ts/netaddr/service.ts';
import type { Instruction, Moment } from './program.ts';

const DIAL_COUNT = 3;
const SENT_BYTES = 20_000;
const BYTES = new Uint8Array(3_000_000);
/** Passes of the loop without a callback after which nothing more comes: on loopback and in memory all is immediate. */
const QUIET_PASSES = 5;
/** Programs end by themselves: an instruction is carried out once. This many callbacks are a loop. */
const MAX_CALLBACKS = 20_000;

class ChaosError extends Error {}

/** One program in the making. */
export class ProgramPlayer extends SockMan {
  /** What was told against the rules. */
  readonly broken: string[];
  callbackCount = 0;
  readonly #instructions = new Map<Moment, Map<number, Instruction[]>>();
  readonly #counts = new Map<Moment, number>();
  readonly #open = new Set<number>();
  readonly #dialed = new Set<number>();
  /** Connections of which only the end may be told. */
  readonly #ours = new Set<number>();
  /** Connections of which nothing may be told any more. */
  readonly #over = new Set<number>();
  readonly #paused = new Set<number>();
  readonly #heard = new Map<number, number>();
  #bound: Service | undefined;
  #dialsUnderWay = 0;
  #refuses = false;
  #isInterrupted = false;

  constructor(program: readonly Instruction[], options: SockManOptions) {
    const broken: string[] = [];
    const onCallbackError = (error: unknown): void => {
      if (!(error instanceof ChaosError)) broken.push(`thrown: ${String((error as Error).stack)}`);
    };
    super({ ...options, onCallbackError });
    this.broken = broken;
    for (const instruction of program) {
      const ofMoment = this.#instructions.get(instruction.at) ?? new Map<number, Instruction[]>();
      this.#instructions.set(instruction.at, ofMoment);
      ofMoment.set(instruction.nth, [...(ofMoment.get(instruction.nth) ?? []), instruction]);
    }
    // To have a predicate or a hook is to be asked: only where the program needs it.
    const has = (moment: Moment): boolean => this.#instructions.has(moment);
    const pauses = program.some(({ call }) => call === 'pauseReceiving');
    if (has('mayReceive') || pauses) {
      this.shouldTryToRecv = (nodeId) => (this.#happen('mayReceive', nodeId), !this.#paused.has(nodeId));
    }
    if (has('maySend')) this.shouldTryToSend = (nodeId) => (this.#happen('maySend', nodeId), true);
    if (has('doneForOne')) this.eventIOLoopCompletedForNode = (nodeId) => this.#happen('doneForOne', nodeId);
    if (has('doneForAll')) this.eventIOLoopCompletedForAllPeers = () => this.#happen('doneForAll', undefined);
  }

  /** Plays to the end. */
  async play(): Promise<void> {
    const result = this.bindAndStartListening('127.0.0.1:0');
    if (!result.ok) throw new Error(result.errmsg);
    this.#bound = result.bound;
    this.startSocketsThreads();
    for (let count = 0; count < DIAL_COUNT; count++) this.#dial();
    for (let before = -1; before !== this.callbackCount || this.#dialsUnderWay > 0;) {
      before = this.callbackCount;
      for (let pass = 0; pass < QUIET_PASSES; pass++) await nextPass();
      if (before > MAX_CALLBACKS) {
        this.broken.push('no end of callbacks');
        break;
      }
    }
    // From here on only ends are told.
    this.#isInterrupted = true;
    await this.close();
    const { accepted, dialed, closed, connectionCount, listenerCount } = this.stats();
    if (connectionCount !== 0 || listenerCount !== 0) this.broken.push(`left: ${connectionCount}, ${listenerCount}`);
    if (closed !== accepted + dialed) this.broken.push(`${accepted} + ${dialed} came, ${closed} went`);
    for (const nodeId of this.#open) if (!this.#over.has(nodeId)) this.broken.push(`the end of ${nodeId} is not told`);
  }

  // ---- Callbacks ----------------------------------------------------------------------------------------------------

  eventNewConnectionAccepted(nodeId: number): boolean {
    // As long as it did not come to its end, what is thrown refuses.
    let isWelcome = false;
    this.#refuses = false;
    try {
      this.#happen('accepted', nodeId);
      isWelcome = !this.#refuses;
    } finally {
      (isWelcome ? this.#open : this.#over).add(nodeId);
    }
    return isWelcome;
  }
  eventReadyToSend(nodeId: number): boolean {
    this.#happen('ready', nodeId);
    return false;
  }
  eventGotData(nodeId: number, data: Uint8Array): void {
    this.#happen('data', nodeId);
    if (!this.#dialed.has(nodeId)) return void this.sendBytes(nodeId, data);
    const heard = (this.#heard.get(nodeId) ?? 0) + data.length;
    this.#heard.set(nodeId, heard);
    if (heard >= SENT_BYTES) this.shutdownSend(nodeId);
  }
  eventGotEOF(nodeId: number): void {
    this.#happen('eof', nodeId);
    this.#close(nodeId, () => this.closeConnection(nodeId));
  }
  eventGotPermanentReadError(nodeId: number): void {
    this.#happen('error', nodeId);
    this.#close(nodeId, () => this.closeConnection(nodeId));
  }
  override eventConnectionClosed(nodeId: number): void {
    if (this.#over.has(nodeId)) this.broken.push(`the end of ${nodeId} is told twice`);
    try {
      this.#happen('closed', nodeId);
    } finally {
      this.#over.add(nodeId);
    }
  }

  // ---- The program --------------------------------------------------------------------------------------------------

  #happen(at: Moment, nodeId: number | undefined): void {
    this.callbackCount++;
    if (nodeId !== undefined && this.#over.has(nodeId)) this.broken.push(`${at} of ${nodeId} behind its end`);
    if (at !== 'closed' && at !== 'dialed') {
      if (nodeId !== undefined && this.#ours.has(nodeId)) this.broken.push(`${at} of ${nodeId}, which we closed`);
      if (this.#isInterrupted) this.broken.push(`${at} behind the interruption`);
    }
    const count = (this.#counts.get(at) ?? 0) + 1;
    this.#counts.set(at, count);
    for (const instruction of this.#instructions.get(at)?.get(count) ?? []) this.#carryOut(instruction, nodeId);
  }

  #carryOut({ call, target, byteCount }: Instruction, nodeId: number | undefined): void {
    const open = [...this.#open].filter((id) => !this.#ours.has(id) && !this.#over.has(id));
    const id = target === 0 || open.length === 0 ? (nodeId ?? open[0] ?? 0) : open[target % open.length]!;
    const bytes = BYTES.subarray(0, byteCount);
    switch (call) {
      case 'close':
        return this.#close(id, () => this.closeConnection(id));
      case 'reset':
        return this.#close(id, () => this.resetConnection(id));
      case 'end':
        return this.#close(id, () => this.endConnection(id));
      case 'send':
        return void this.sendBytes(id, bytes);
      case 'queue':
        return void this.queueBytes(id, bytes.subarray(0, 100_000));
      case 'sendMany':
        return void this.sendBytesMany([...open, id], bytes);
      case 'wake':
        return void this.wake(id);
      case 'shutDown':
        return void this.shutdownSend(id);
      case 'dial':
        return this.#dial();
      case 'stream':
        return this.#close(id, () => this.#stream(id));
      case 'listen':
        return void (!this.#isInterrupted && this.bindAndStartListening('127.0.0.1:0'));
      case 'stopListening':
        return void this.stopListening();
      case 'pauseAccepting':
        return void this.pauseAccepting();
      case 'resumeAccepting':
        return void this.resumeAccepting();
      case 'pauseReceiving':
        return void this.#paused.add(id);
      case 'resumeReceiving':
        this.#paused.delete(id);
        return void this.wake(id);
      case 'refuse':
        this.#refuses = true;
        return;
      case 'interrupt':
        this.#isInterrupted = true;
        return this.interruptNet();
      case 'throw':
        throw new ChaosError();
    }
  }

  /** From now on only the end of the connection may be told. */
  #close(nodeId: number, close: () => boolean): void {
    if (close()) this.#ours.add(nodeId);
  }

  #stream(nodeId: number): boolean {
    if (this.#isInterrupted || this.#ours.has(nodeId) || this.addressesOf(nodeId) === undefined) return false;
    const stream = this.duplex(nodeId);
    stream.on('error', () => {});
    stream.on('end', () => stream.end());
    stream.resume();
    stream.write('hello');
    return true;
  }

  #dial(): void {
    if (this.#isInterrupted || this.#bound === undefined) return;
    this.#dialsUnderWay++;
    this.connectAndMakeNodeId(this.#bound)
      .then(({ nodeId }) => {
        if (nodeId === undefined) return;
        this.#open.add(nodeId);
        this.#dialed.add(nodeId);
        this.sendBytes(nodeId, BYTES.subarray(0, SENT_BYTES));
        this.#happen('dialed', nodeId);
      })
      .catch((error: unknown) => {
        if (!(error instanceof ChaosError)) this.broken.push(`a dial: ${String((error as Error).stack)}`);
      })
      .finally(() => this.#dialsUnderWay--);
  }
}

/** Plays a program. @throws {Error} Something was told against the rules, or not told. */
export async function playProgram(program: readonly Instruction[], options: SockManOptions): Promise<void> {
  const player = new ProgramPlayer(program, options);
  await player.play();
  if (player.broken.length > 0) throw new Error(player.broken.join('\n'));
}
