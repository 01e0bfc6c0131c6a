// As much of Tor's control protocol as the tests need (Tor control-spec): one command at a time, and asynchronous events.

import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { inTime, noteProgress, until } from '../until.ts';

export class TorControl {
  readonly #socket: Socket;
  /** Complete lines that no command has taken yet. */
  #lines: string[] = [];
  #unfinished = '';
  /** Events so far, without their code. */
  readonly events: string[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
  }

  /** Connects to a control port that asks for no authentication. */
  static async connect(port: number): Promise<TorControl> {
    const socket = connect(port, '127.0.0.1');
    await inTime('the control port', new Promise((resolve) => socket.once('connect', resolve)));
    const control = new TorControl(socket);
    await control.command('AUTHENTICATE');
    return control;
  }

  /** Sends a command. @returns Its reply, line by line without codes. @throws {Error} The reply is no success. */
  async command(text: string): Promise<string[]> {
    this.#socket.write(`${text}\r\n`);
    const isLast = (line: string): boolean => /^\d{3} /.test(line);
    await until(`the reply to ${text}`, () => this.#lines.some(isLast));
    const reply = this.#lines.splice(0, this.#lines.findIndex(isLast) + 1);
    if (!reply.at(-1)!.startsWith('250')) throw new Error(`${text}: ${reply.join(' ')}`);
    return reply.map((line) => line.replace(/^\d{3}[-+ ]/, ''));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#unfinished + text).split('\r\n');
    this.#unfinished = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('650')) this.events.push(line.slice(4));
      else this.#lines.push(line);
    }
    noteProgress();
  }
}
