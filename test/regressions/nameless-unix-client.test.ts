// A client that binds its Unix-domain socket to a name that is not text, such as the bytes ef bb bf or 36 × ff, ended the
// process: the decoder dropped the byte order mark or tripled the bad bytes, and what the check of the result threw left the
// turn. With a handler for uncaught exceptions the rest of the batch was lost, and the connection that nobody had admitted
// got its data delivered.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import type { BackendOptions } from '../../ts/sockman/backends/backend.ts';
import { unpackAddress } from '../../ts/sockman/backends/packed-address.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { Probe } from '../harness/probe.ts';
import { until } from '../harness/until.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Connects from a name of raw bytes (hex), says hello, and waits for the end. */
const CLIENT = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(bytes.fromhex(sys.argv[1]))
s.connect(sys.argv[2])
s.sendall(b'hello')
s.recv(1)
`;
/** Listens at a name of raw bytes. */
const SERVER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(bytes.fromhex(sys.argv[1]))
s.listen()
print('ready', flush=True)
s.accept()[0].recv(1)
`;

const rawNames = [
  ['a byte order mark', 'efbbbf'],
  ['36 bytes that are no UTF-8', 'ff'.repeat(36)],
];

describeEachBackend('a Unix-domain name', (stage) => {
  const noClient =
    stage.backend === 'memory' ? 'its paths are text' : hasPython ? undefined : 'python3 is missing, to bind raw bytes';

  for (const [what, hex] of rawNames) {
    itUnless(noClient)(`of a client that is ${what} is no name, and the client is served`, async () => {
      const probe = stage.probe();
      const at = stage.unixService();
      stage.listen(probe, at);
      const cwd = at.unixPath!.slice(0, at.unixPath!.lastIndexOf('/'));
      const client = spawn('python3', ['-c', CLIENT, hex!, at.unixPath!], { cwd, stdio: 'ignore' });
      await until('the bytes', () => probe.text(0) === 'hello');
      expect(probe.accepted[0]!.them.toString()).not.toContain('\uFFFD');
      expect(probe.addressesOf(0)!.local.toString()).toBe(at.toString());
      expect(probe.thrown).toEqual([]);
      probe.closeConnection(0);
      client.kill();
    });

    itUnless(noClient)(`of a server that is ${what} can be dialed through a symbolic link`, async () => {
      const probe = stage.probe();
      const link = stage.unixService();
      const cwd = link.unixPath!.slice(0, link.unixPath!.lastIndexOf('/'));
      const server = spawn('python3', ['-c', SERVER, hex!], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
      await new Promise((resolve) => server.stdout.once('data', resolve));
      symlinkSync(Buffer.from(hex!, 'hex'), link.unixPath!);
      expect(await probe.connectAndMakeNodeId(link)).toMatchObject({ nodeId: 0 });
      expect(() => probe.addressesOf(0)).not.toThrow();
      probe.closeConnection(0);
      server.kill();
    });
  }

  it('of a listener keeps its byte order mark', () => {
    const probe = stage.probe();
    const path = stage.unixService().unixPath!;
    for (const at of [Service.unix(`${path}\uFEFF`), Service.unix(`\uFEFF${path.slice(path.lastIndexOf('/') + 1)}`)]) {
      const result = probe.bindAndStartListening(at);
      expect(result.ok && result.bound.toString()).toBe(at.toString());
      probe.stopListening(at);
      expect(existsSync(at.unixPath!)).toBe(false);
    }
  });
});

describe('a packed address', () => {
  const unix = (...bytes: number[]): Uint8Array => Uint8Array.of(1, 0, 0, 0, 0, 0, 0, ...bytes);

  it('that is no text has no name', () => {
    for (const packed of [
      unix(0xff),
      unix(0x61, 0xc3),
      unix(0xed, 0xa0, 0x80),
      unix(...Array<number>(107).fill(0xff)),
    ]) {
      expect(unpackAddress(packed, packed.length)).toBeUndefined();
    }
  });

  it('that begins with a byte order mark keeps it', () => {
    const packed = unix(0xef, 0xbb, 0xbf, 0x78);
    expect(unpackAddress(packed, packed.length)!.unixPath).toBe('\uFEFFx');
  });
});

describe('a record that fails', () => {
  it('costs no other record, and nothing is delivered to what was not admitted', async () => {
    const net = new MemoryNetwork();
    let isBroken = false;
    const createBackend = (options: BackendOptions): ReturnType<MemoryNetwork['createBackend']> => {
      const backend = net.createBackend(options);
      const { addressOf } = backend;
      backend.addressOf = (...args) => {
        if (isBroken) throw new Error('no address');
        return addressOf.apply(backend, args);
      };
      return backend;
    };
    const probe = new Probe({ backend: createBackend });
    const bound = probe.bindAndStartListening('0.0.0.0:8333');
    expect(bound.ok).toBe(true);
    probe.startSocketsThreads();
    const first = net.connect('127.0.0.1:8333');
    net.clock.runUntilIdle();
    isBroken = true;
    const second = net.connect('127.0.0.1:8333');
    second.send('not admitted');
    first.send('admitted');
    net.clock.runUntilIdle();
    expect(probe.text(0)).toBe('admitted');
    expect(probe.eventsOf(1)).toEqual([]);
    expect(probe.connectionCount).toBe(1);
    expect(second.readErrno).toBeDefined();
    expect(probe.thrown.map(({ where }) => where)).toEqual(['turn']);
    await probe[Symbol.asyncDispose]();
  });
});
