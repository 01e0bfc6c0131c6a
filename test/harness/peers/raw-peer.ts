// The other end of a connection, without a `SockMan`: a socket of `node:net`, or a hand-played peer of a `MemoryNetwork`.

import * as net from 'node:net';
import type { Service } from '../../../ts/netaddr/service.ts';
import type { MemoryNetwork, MemoryPeer } from '../../../ts/testing.ts';
import { errnoName } from '../../../ts/util/errors/errno.ts';
import { inTime, noteProgress, until } from '../until.ts';

export interface RawPeer {
  send(data: Uint8Array | string): void;
  /** Half-closes, once all was sent. */
  end(): void;
  close(): void;
  reset(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** All that was received. */
  readonly bytes: Buffer;
  readonly receivedBytes: number;
  readonly hasEOF: boolean;
  /** Name of the errno that broke the connection. */
  readonly brokenBy: string | undefined;
  /** Our own end, as the other side should see it; undefined for a Unix-domain socket. */
  readonly local: string | undefined;
}

/** A listener whose connections are raw peers. */
export interface RawListener {
  readonly bound: string;
  readonly peers: RawPeer[];
  close(): void;
}

// ---- node:net -------------------------------------------------------------------------------------------------------

class NetPeer implements RawPeer {
  readonly socket: net.Socket;
  readonly #chunks: Buffer[] = [];
  receivedBytes = 0;
  hasEOF = false;
  brokenBy: string | undefined;
  local: string | undefined;

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.noteLocal();
    socket.on('connect', () => this.noteLocal());
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.receivedBytes += chunk.length;
      noteProgress();
    });
    socket.on('end', () => {
      this.hasEOF = true;
      noteProgress();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.brokenBy = error.code;
      noteProgress();
    });
    socket.on('close', noteProgress);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  noteLocal(): void {
    const { localAddress, localPort, localFamily } = this.socket;
    if (localAddress === undefined || localPort === undefined) return;
    this.local = localFamily === 'IPv6' ? `[${localAddress}]:${localPort}` : `${localAddress}:${localPort}`;
  }

  send(data: Uint8Array | string): void {
    if (data.length > 0 && !this.socket.destroyed) this.socket.write(data);
  }
  end(): void {
    this.socket.end();
  }
  close(): void {
    this.socket.destroy();
  }
  reset(): void {
    // Only TCP has an RST; a Unix-domain socket can just go.
    if (this.local === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
  pauseReading(): void {
    this.socket.pause();
  }
  resumeReading(): void {
    this.socket.resume();
  }
}

/** Connects a socket of `node:net`. @param localAddress - Our own address, without a port. */
export async function connectNetPeer(to: Service, localAddress?: string): Promise<RawPeer> {
  const where = { host: to.address.toString(), port: to.port, allowHalfOpen: true };
  const socket =
    to.unixPath !== undefined
      ? net.connect({ path: to.unixPath, allowHalfOpen: true })
      : net.connect(localAddress === undefined ? where : { ...where, localAddress });
  const peer = new NetPeer(socket);
  await inTime(
    'a raw peer to connect',
    new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
  );
  return peer;
}

/** Listens with `node:net`. */
export async function listenNetPeers(host = '127.0.0.1'): Promise<RawListener> {
  const peers: RawPeer[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    peers.push(new NetPeer(socket));
    noteProgress();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as net.AddressInfo;
  const bound = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { bound, peers, close: () => void server.close() };
}

// ---- memory ---------------------------------------------------------------------------------------------------------

class MemoryRawPeer implements RawPeer {
  readonly #peer: MemoryPeer;
  readonly #chunks: Uint8Array[] = [];
  receivedBytes = 0;

  constructor(peer: MemoryPeer) {
    this.#peer = peer;
    // A condition that never holds is asked after everything that happens to the peer.
    void peer.until(() => {
      this.#collect();
      noteProgress();
      return false;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
  get hasEOF(): boolean {
    return this.#peer.hasEOF;
  }
  get brokenBy(): string | undefined {
    const errno = this.#peer.readErrno ?? this.#peer.sendErrno ?? this.#peer.connectErrno;
    return errno === undefined ? undefined : errnoName(errno);
  }
  get local(): string | undefined {
    return this.#peer.local?.toString();
  }

  send(data: Uint8Array | string): void {
    this.#peer.send(data);
  }
  end(): void {
    this.#peer.end();
  }
  close(): void {
    this.#peer.close();
  }
  reset(): void {
    this.#peer.reset();
  }
  pauseReading(): void {
    this.#peer.pauseReading();
  }
  resumeReading(): void {
    this.#peer.resumeReading();
  }

  #collect(): void {
    const bytes = this.#peer.take();
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.receivedBytes += bytes.length;
  }
}

export async function connectMemoryPeer(network: MemoryNetwork, to: Service, from?: string): Promise<RawPeer> {
  const peer = network.connect(to, from);
  const raw = new MemoryRawPeer(peer);
  await until('a raw peer to connect', () => peer.isConnected || peer.connectErrno !== undefined);
  if (peer.connectErrno !== undefined) throw new Error(`connect: ${errnoName(peer.connectErrno)}`);
  return raw;
}

export function listenMemoryPeers(network: MemoryNetwork, host = '127.0.0.1'): RawListener {
  const listener = network.listen(host.includes(':') ? `[${host}]:0` : `${host}:0`);
  const peers: RawPeer[] = [];
  const wrapNext = async (): Promise<void> => {
    for (let count = 1; ; count++) {
      peers.push(new MemoryRawPeer(await listener.peerNumber(count)));
      noteProgress();
    }
  };
  void wrapNext();
  return { bound: listener.bound.toString(), peers, close: () => listener.close() };
}
