// A dial to a port of our own ephemeral range where nobody listens can meet itself: the kernel chooses the very port that is
// dialed, and TCP's simultaneous open connects the socket to itself. It echoed our bytes, counted as a success and blocked
// the restart of the server that belongs there.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { SYSTEM_BACKENDS, noBuild } from '../harness/child.ts';

describeEachBackend('a dial that meets itself', (stage) => {
  it('fails with a code of its own, and leaves the port free', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    probe.stopListening();
    const result = await probe.connectAndMakeNodeId(bound, { localAddress: bound });
    expect(result).toMatchObject({ nodeId: undefined, code: 'connected-to-itself', proxyFailed: false });
    expect(probe.connectionCount).toBe(0);
    expect(stage.listen(probe, bound).toString()).toBe(bound.toString());
  });

  it('is the fault of the proxy when it was dialed', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    probe.stopListening();
    const result = await probe.connectAndMakeNodeId({ host: 'h', port: 1 }, { proxy: bound, localAddress: bound });
    expect(result).toMatchObject({ code: 'proxy-connected-to-itself', proxyFailed: true });
  });

  it('is told from a connection to another socket with the same port', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe, '127.0.0.1:0');
    const localAddress = `127.0.0.2:${bound.port}`;
    const client = stage.probe();
    expect(await client.connectAndMakeNodeId(bound, { localAddress })).toMatchObject({ nodeId: 0 });
  });
});

/** A namespace of its own has room for four ports only, so that one dial in four meets itself. */
const SMALL_RANGE = 'ip link set lo up && echo "40000 40003" > /proc/sys/net/ipv4/ip_local_port_range';
const tried = spawnSync('unshare', ['-rn', 'sh', '-c', SMALL_RANGE], { encoding: 'utf8' });
const noNamespace = tried.status === 0 ? noBuild : `no network namespace: ${tried.stderr || String(tried.error)}`;

describe('dials in a small ephemeral range', () => {
  for (const [name, env] of SYSTEM_BACKENDS) {
    itUnless(noNamespace)(`never succeed where nobody listens (${name})`, () => {
      const child = fileURLToPath(new URL('children/dial-small-range.mjs', import.meta.url));
      const command = `${SMALL_RANGE} && exec "$0" "$1"`;
      const { stdout, stderr } = spawnSync('unshare', ['-rn', 'sh', '-c', command, process.execPath, child], {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '', ...env },
        timeout: 30_000,
      });
      expect({ stdout, stderr }).toEqual({ stdout: 'itself and refused, then bound\n', stderr: '' });
    });
  }
});
