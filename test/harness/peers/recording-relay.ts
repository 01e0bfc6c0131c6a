// A wire between two programs that keeps what goes over it: TCP relays on loopback, one port for each connection.

import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { noteProgress } from '../until.ts';

/** One direction of a connection. */
class Recording {
  readonly #chunks: Buffer[] = [];
  byteCount = 0;

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** What came in one piece at the start: all that its sender had to say before it heard anything. */
  get firstChunk(): Buffer {
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  add(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
    this.byteCount += chunk.length;
  }
}

/** The connection that goes through one relay. */
export class RecordingRelay {
  /** What the one who dialed sent, and what it got. */
  readonly toServer = new Recording();
  readonly toClient = new Recording();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: AddressInfo) {
    this.#server = createServer((client) => {
      const server = connect(target.port, target.address);
      this.#join(client, server, this.toServer);
      this.#join(server, client, this.toClient);
    });
  }

  /** Starts a relay to a port of 127.0.0.1. */
  static async start(port: number): Promise<RecordingRelay> {
    const relay = new RecordingRelay({ address: '127.0.0.1', port, family: 'IPv4' });
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  /** Where to dial. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket, to: Socket, recording: Recording): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on('data', (chunk) => {
      recording.add(chunk);
      to.write(chunk);
      noteProgress();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => this.#sockets.delete(from));
  }
}
