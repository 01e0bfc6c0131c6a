// A scripted Tor control port in a `MemoryNetwork`: well-behaved unless a test changes an answer.

import type { MemoryNetwork, MemoryPeer, MemoryPeerListener } from '../../../ts/testing.ts';

export const CONTROL_PORT = '127.0.0.1:9051';

/** The address and private key of the onion service that this port makes. */
export const ONION_ID = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';
export const ONION_KEY = `ED25519-V3:${'A'.repeat(85)}Q==`;

/** Tor's answer to a command, lines joined by LF; undefined stays silent, 'close' closes the connection. */
export type ControlAnswer = string | undefined | ((command: string) => string | undefined);

export class ControlPort {
  /** Every command: number of the connection, then the line. */
  readonly commands: string[] = [];
  /** Bytes of each read, for tests about segments. */
  readonly reads: string[] = [];
  /** Answers that differ from the good ones, by the first words of the command. */
  readonly answers: Record<string, ControlAnswer> = {};
  readonly listener: MemoryPeerListener;
  readonly #net: MemoryNetwork;
  readonly #unread = new Map<MemoryPeer, string>();

  constructor(net: MemoryNetwork) {
    this.#net = net;
    this.listener = net.listen(CONTROL_PORT);
  }

  /** Tor's end of a connection, in order of connecting, from 0. */
  socket(number: number): MemoryPeer {
    return this.listener.peers[number]!;
  }

  /** The connections that the client has not closed. */
  get openSocketCount(): number {
    return this.listener.peers.filter((peer) => !peer.hasEOF && peer.readErrno === undefined).length;
  }

  /** Commands since the last call. */
  takeCommands(): string[] {
    return this.commands.splice(0);
  }

  /** Runs everything that needs no time: commands are answered until none comes. */
  async settle(): Promise<void> {
    do await this.#net.clock.settle();
    while (this.#serve());
  }

  /** Lets time pass, answering commands afterwards. */
  async advance(ms: number): Promise<void> {
    this.#net.clock.advance(ms);
    await this.settle();
  }

  #serve(): boolean {
    let hasAnswered = false;
    for (const [number, peer] of this.listener.peers.entries()) {
      const read = Buffer.from(peer.take()).toString('latin1');
      if (read !== '') this.reads.push(read);
      let text = (this.#unread.get(peer) ?? '') + read;
      for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
        const command = text.slice(0, end);
        text = text.slice(end + 2);
        this.commands.push(`${number} ${command}`);
        this.#answer(peer, command);
        hasAnswered = true;
      }
      this.#unread.set(peer, text);
    }
    return hasAnswered;
  }

  #answer(peer: MemoryPeer, command: string): void {
    const changed = Object.keys(this.answers).find((words) => command.startsWith(words));
    const answer = changed === undefined ? goodControlAnswer(command) : this.answers[changed];
    const text = typeof answer === 'function' ? answer(command) : answer;
    if (text === 'close') peer.end();
    else if (text !== undefined) peer.send(Buffer.from(`${text.replaceAll('\n', '\r\n')}\r\n`, 'latin1'));
  }
}

/** The answers of a well-behaved Tor, lines joined by LF; a new service always has the same key. */
export function goodControlAnswer(command: string): string {
  if (command === 'PROTOCOLINFO 1') {
    return '250-PROTOCOLINFO 1\n250-AUTH METHODS=NULL\n250-VERSION Tor="0.4.8.9"\n250 OK';
  }
  if (command === 'GETINFO net/listeners/socks') return '250-net/listeners/socks="127.0.0.1:9050"\n250 OK';
  if (!command.startsWith('ADD_ONION')) return '250 OK';
  const key = command.includes(' NEW:') ? `250-PrivateKey=${ONION_KEY}\n` : '';
  return `250-ServiceID=${ONION_ID}\n${key}250 OK`;
}
