// An echo server in its own process: its port and its CPU time.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { EchoServer } from './servers.ts';

interface Answer {
  readonly port?: number;
  readonly cpuMicros?: number;
}

export class ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(name: string, port: number, child: ChildProcess, answers: AsyncIterator<string>) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#answers = answers;
  }

  /** @throws {Error} The server does not start. */
  static async start({ name, program, args }: EchoServer): Promise<ServerProcess> {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { port } = await Promise.race([failed, nextAnswer(name, answers)]);
    return new ServerProcess(name, port!, child, answers);
  }

  /** CPU time of the whole process so far, in microseconds. */
  async cpuMicros(): Promise<number> {
    this.#child.stdin!.write('\n');
    const { cpuMicros } = await nextAnswer(this.name, this.#answers);
    return cpuMicros!;
  }

  /** Ends it. */
  stop(): void {
    this.#child.stdin!.end();
  }
}

async function nextAnswer(name: string, answers: AsyncIterator<string>): Promise<Answer> {
  const { value, done } = await answers.next();
  if (done === true) throw new Error(`the server on ${name} ended`);
  return JSON.parse(value) as Answer;
}
