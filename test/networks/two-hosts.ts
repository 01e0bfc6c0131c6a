// Two hosts on one wire: this network namespace and another, with a pair of virtual Ethernet devices between them, and what real
// networks do to packets: little bandwidth, loss, resets, a limit of packets, an outage.
//
// To be used inside `describeInNamespace`, where the tools may do that.

import { execFileSync, fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Programs that it takes, by Debian package. */
export const NEEDED_PROGRAMS = { nft: 'nftables', tc: 'iproute2', nsenter: 'util-linux' };

/** The two ends of the wire. */
const NEAR = '10.78.0.1';
export const FAR = '10.78.0.2';
const DEVICE = 'wire';
/** Public addresses as people have them, all of them at the far end: what address books keep. */
const FAR_NETWORK = '44.0.0.0/8';

/** What a question to the far end is. */
export interface Question {
  readonly ask: string;
  readonly [name: string]: unknown;
}

/** What the network does to packets, in both directions. */
export interface Impairment {
  readonly name: string;
  /** Options of `tc qdisc add … tbf`: bytes wait for their turn, and are dropped when too many do. */
  readonly tbf?: readonly string[];
  /** Rules of nftables for TCP packets that come in. */
  readonly rules?: readonly string[];
}

/** See the module comment. */
export class TwoHosts {
  readonly #holder: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #program: ChildProcess | undefined;
  #lastId = 0;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<TwoHosts> {
    // A namespace lasts as long as somebody is in it.
    const holder = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && echo up && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const hosts = new TwoHosts(holder);
    run('ip', 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', String(holder.pid));
    for (const isFar of [false, true]) {
      hosts.#at(isFar, 'ip', 'addr', 'add', `${isFar ? FAR : NEAR}/24`, 'dev', DEVICE);
      hosts.#at(isFar, 'ip', 'link', 'set', DEVICE, 'up');
    }
    run('ip', 'route', 'add', FAR_NETWORK, 'via', FAR);
    hosts.#at(true, 'ip', 'route', 'add', 'local', FAR_NETWORK, 'dev', 'lo');
    return hosts;
  }

  /** Has the network do this to packets, and nothing else. @throws {Error} The kernel cannot. */
  impair({ tbf, rules = [] }: Impairment): void {
    this.clear();
    for (const isFar of [false, true]) {
      if (tbf !== undefined) this.#at(isFar, 'tc', 'qdisc', 'add', 'dev', DEVICE, 'root', 'tbf', ...tbf);
      if (rules.length === 0) continue;
      this.#at(isFar, 'nft', 'add table inet lab');
      this.#at(isFar, 'nft', 'add chain inet lab in { type filter hook input priority 0 ; }');
      for (const rule of rules)
        this.#at(isFar, 'nft', `add rule inet lab in iifname ${DEVICE} meta l4proto tcp ${rule}`);
    }
  }

  /** Has the network do nothing to packets. */
  clear(): void {
    for (const isFar of [false, true]) {
      this.#at(isFar, 'nft', 'flush ruleset');
      if (this.#at(isFar, 'tc', 'qdisc', 'show', 'dev', DEVICE).includes('tbf')) {
        this.#at(isFar, 'tc', 'qdisc', 'del', 'dev', DEVICE, 'root');
      }
    }
  }

  /** How many packets the rules have caught so far, at both ends. */
  caughtPackets(): number {
    const counted = [false, true].flatMap((isFar) => [
      ...this.#at(isFar, 'nft', 'list ruleset').matchAll(/counter packets (\d+)/g),
    ]);
    return counted.reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  /** Asks the program at the far end, which it starts with the first question. */
  async ask<Answer>(question: Question): Promise<Answer> {
    if (this.#program === undefined) {
      this.#program = fork(join(import.meta.dirname, 'children', 'far-end.mjs'), {
        execPath: 'nsenter',
        execArgv: ['-t', String(this.#holder.pid), '-n', process.execPath],
      });
      this.#program.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
        this.#waiting.get(id)?.resolve(answer);
        this.#waiting.delete(id);
      });
      this.#program.once('exit', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('the program at the far end has ended'));
      });
    }
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#program.send({ id, ...question });
    return (await answer) as Answer;
  }

  destroy(): void {
    this.#program?.kill('SIGKILL');
    this.#holder.kill('SIGKILL');
  }

  /** Runs a tool at one end. */
  #at(isFar: boolean, ...command: string[]): string {
    return isFar ? run('nsenter', '-t', String(this.#holder.pid), '-n', ...command) : run(...command);
  }
}

function run(...[program, ...args]: string[]): string {
  return execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
