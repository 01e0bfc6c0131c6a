// A misspelt option or handler was ignored: the default held, the handler was never called, and nothing said so.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import { openDataFolder } from '../../ts/connman/data-folder.ts';
import { HttpServer } from '../../ts/http.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { Sv2Client, Sv2Connman } from '../../ts/stratum.ts';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import type { SockManHandlers } from '../../ts/sockman/create-sock-man.ts';
import { SockMan } from '../../ts/sockman/sock-man.ts';
import { MemoryNetwork } from '../../ts/testing.ts';

/** For what types would refuse. */
const loose = (value: object): never => value as never;
const handlers: SockManHandlers = { eventGotData() {} };
const backend = new MemoryNetwork().createBackend;

/** A subclass with one method or field more. */
function subclassWith(extra: object): SockMan {
  class Server extends SockMan {
    eventNewConnectionAccepted(): boolean {
      return true;
    }
    eventReadyToSend(): boolean {
      return false;
    }
    eventGotData(): void {}
    eventGotEOF(): void {}
    eventGotPermanentReadError(): void {}
  }
  Object.defineProperties(Server.prototype, Object.getOwnPropertyDescriptors(extra));
  return new Server({ backend });
}

const refused = (name: string, meant: string) =>
  expect.objectContaining({
    code: 'ERR_SOCKMAN_INVALID_ARG',
    message: expect.stringMatching(new RegExp(`expected ${meant}, got "${name}"`)) as string,
  });

describe('a misspelt option', () => {
  it.each([
    ['bakend', 'backend'],
    ['keepAliveSecs', 'keepAliveSeconds'],
    ['nodelay', 'noDelay'],
    ['reuseport', 'reusePort'],
  ])('%s of a SockMan is refused, and the nearest named', (name, meant) => {
    expect(() => createSockMan(handlers, loose({ [name]: 1 }))).toThrow(refused(name, meant));
  });

  const server = { host: '127.0.0.1', port: 1, authorityX: undefined };
  const makers: Record<string, (options: object) => unknown> = {
    Connman: (options) => new Connman(loose({ chain: 'regtest', backend, listen: false, ...options })),
    PeerManager: (options) => new PeerManager(loose(options)),
    HttpServer: (options) => new HttpServer(loose(options)),
    Sv2Connman: (options) => new Sv2Connman(loose(options)),
    Sv2Client: (options) => new Sv2Client(loose({ server, insecureNoAuthority: true, ...options })),
    MemoryNetwork: (options) => new MemoryNetwork(loose(options)),
  };

  it.each([
    ['Connman', 'maxConections', 'maxConnections'],
    ['Connman', 'addnode', 'addNode'],
    ['Connman', 'noDelays', 'noDelay'],
    ['PeerManager', 'relayAdresses', 'relayAddresses'],
    ['PeerManager', 'hook', 'hooks'],
    ['HttpServer', 'idleTimeout', 'idleTimeoutSeconds'],
    ['HttpServer', 'allowIP', 'allowIp'],
    ['HttpServer', 'reuseport', 'reusePort'],
    ['Sv2Connman', 'maxClient', 'maxClients'],
    ['Sv2Connman', 'bakend', 'backend'],
    ['Sv2Client', 'reconect', 'reconnect'],
    ['Sv2Client', 'loger', 'logger'],
    ['MemoryNetwork', 'latency', 'latencyMs'],
    ['MemoryNetwork', 'autorun', 'autoRun'],
  ])('of a %s is refused, and the nearest named: %s', (maker, name, meant) => {
    expect(() => makers[maker]!({ [name]: 1 })).toThrow(refused(name, meant));
    expect(() => makers[maker]!({ [name]: undefined })).not.toThrow();
  });

  it('is none of the parts that a data folder gives to a node and its message processor alike', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-names-'));
    const parts = await openDataFolder(folder, CHAIN_PARAMS.regtest);
    expect(() => new Connman({ chain: 'regtest', backend, listen: false, ...parts })).not.toThrow();
    expect(() => new PeerManager(parts)).not.toThrow();
    parts.folderLock.release();
    await rm(folder, { recursive: true });
  });

  it('that is like none is refused with the list; one that is undefined does not count', () => {
    expect(() => createSockMan(handlers, loose({ colour: 'red' }))).toThrow(refused('colour', 'one of backend, .*'));
    expect(() => createSockMan(handlers, loose({ bakend: undefined }))).not.toThrow();
  });

  it('of a start, a dial, a proxy, an I2P listener or a queue is refused', async () => {
    const sockMan = createSockMan(handlers, { backend });
    expect(() => sockMan.startSocketsThreads(loose({ i2P: {} }))).toThrow(refused('i2P', 'i2p'));
    const i2p = { sam: '127.0.0.1:7656', privateKeyfile: '/x' };
    expect(() => sockMan.startSocketsThreads(loose({ i2p }))).toThrow(refused('privateKeyfile', 'privateKeyFile'));
    sockMan.startSocketsThreads();
    await expect(sockMan.connectAndMakeNodeId('127.0.0.1:1', loose({ timeoutMS: 1 }))).rejects.toEqual(
      refused('timeoutMS', 'timeoutMs'),
    );
    const proxy = { endpoint: '127.0.0.1:9050', streamIsolaton: true };
    await expect(sockMan.connectAndMakeNodeId('127.0.0.1:1', loose({ proxy }))).rejects.toEqual(
      refused('streamIsolaton', 'streamIsolation'),
    );
    expect(() => sockMan.queueBytes(0, new Uint8Array(1), loose({ limitbytes: 1 }))).toThrow(
      refused('limitbytes', 'limitBytes'),
    );
    await sockMan[Symbol.asyncDispose]();
  });

  it('of the SockMan inside a Connman does not hinder the options of the Connman', () => {
    expect(() => new Connman({ chain: 'regtest', backend, listen: false })).not.toThrow();
  });
});

describe('a misspelt handler', () => {
  it.each([
    ['eventGotEof', 'eventGotEOF'],
    ['eventReadytoSend', 'eventReadyToSend'],
    ['evenGotData', 'eventGotData'],
    ['shouldTryToReceive', 'shouldTryToRecv'],
  ])('%s is refused, and the nearest named', (name, meant) => {
    expect(() => createSockMan(loose({ ...handlers, [name]() {} }))).toThrow(refused(name, meant));
  });

  it('is found in a class of handlers too; helpers of its own may be beside them', () => {
    class Handlers {
      eventGotData(): void {}
      eventWhatever(): void {}
    }
    expect(() => createSockMan(new Handlers())).toThrow(refused('eventWhatever', 'one of .*'));
    expect(() => createSockMan({ ...handlers, ...{ answer() {}, limit: 5 } })).not.toThrow();
  });
});

describe('a misspelt override', () => {
  it.each([
    ['eventGotEof', 'eventGotEOF'],
    ['eventConnectionClose', 'eventConnectionClosed'],
    ['shouldTryTorecv', 'shouldTryToRecv'],
  ])('%s is refused at the first bind, and the nearest named', (name, meant) => {
    const server = subclassWith({ [name]() {} });
    expect(() => server.bindAndStartListening('127.0.0.1:0')).toThrow(refused(name, meant));
  });

  it('is told from methods of the subclass', () => {
    const server = subclassWith({ eventConnectionOpened() {}, eventGotRequest() {}, answer() {} });
    expect(server.bindAndStartListening('127.0.0.1:0').ok).toBe(true);
  });

  it('that leaves a callback out, where no compiler looks, is refused at the start', () => {
    const server = subclassWith({ eventGotEOF: undefined });
    expect(() => server.startSocketsThreads()).toThrow(/Server\.eventGotEOF: expected a method, got undefined/);
  });
});
