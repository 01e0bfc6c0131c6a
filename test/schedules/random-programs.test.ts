// Random programs of callbacks on every backend: whatever is called from wherever, nothing comes for what is closed, each end is
// told once, and nothing is left. The seed is printed; SOCKMAN_SEED repeats a run, SOCKMAN_PROGRAMS asks for more of them.

import { describe, expect, it } from 'vitest';
import { availableBackends } from '../harness/worlds.ts';
import { ProgramPlayer } from './program-player.ts';
import type { Instruction } from './program.ts';
import { makeProgram } from './program.ts';
import { playOneProgram, shortestProgram } from './search.ts';

const BASE_SEED = Number(process.env['SOCKMAN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const PROGRAM_COUNT = Number(process.env['SOCKMAN_PROGRAMS'] ?? 100);

it.each(availableBackends())('$name keeps its contract in random programs', { timeout: 120_000 }, async (backend) => {
  console.info(`${backend.name}: ${PROGRAM_COUNT} programs, SOCKMAN_SEED=${BASE_SEED}`);
  for (let seed = BASE_SEED; seed < BASE_SEED + PROGRAM_COUNT; seed++) {
    const program = makeProgram(seed);
    try {
      await playOneProgram(backend, program);
    } catch (error) {
      throw new Error(`seed ${seed}, shortest: ${await shortestProgram(backend, program)}`, { cause: error });
    }
  }
});

describe('the player of programs', () => {
  const [backend] = availableBackends();

  /** Plays while `meddle` stands in for a faulty backend. */
  async function complaints(program: Instruction[], meddle: (player: ProgramPlayer) => void): Promise<string[]> {
    const world = backend!.createWorld();
    const player = new ProgramPlayer(program, world.options);
    meddle(player);
    await player.play();
    world.destroy();
    return player.broken;
  }

  it('finds no fault in a program without instructions', async () => {
    expect(await complaints([], () => {})).toEqual([]);
  });

  it('reports data after a close', async () => {
    const close: Instruction = { at: 'data', nth: 1, call: 'close', target: 0, byteCount: 1 };
    const complained = await complaints([close], (player) => {
      const told = player.eventGotData.bind(player);
      player.eventGotData = (nodeId, data) => (told(nodeId, data), told(nodeId, data));
    });
    expect(complained[0]).toMatch(/^data of \d+, which we closed$/);
  });

  it('reports an end that is told twice, or not at all', async () => {
    const twice = await complaints([], (player) => {
      const told = player.eventConnectionClosed.bind(player);
      player.eventConnectionClosed = (nodeId) => (told(nodeId), told(nodeId));
    });
    expect(twice[0]).toMatch(/^the end of \d+ is told twice$/);
    const never = await complaints([], (player) => void (player.eventConnectionClosed = () => {}));
    expect(never[0]).toMatch(/^the end of \d+ is not told$/);
  });
});
