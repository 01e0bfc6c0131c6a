// A Unix-domain listener whose queue is full. Linux refuses a connect to it with EAGAIN and keeps nothing pending, so dials
// try again. Over real sockets: the refusal is the kernel's.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadAddon } from '../../../native/load.cjs';
import type { Service } from '../../../ts/netaddr/service.ts';
import type { DialResult } from '../../../ts/sockman/dial/dialer.ts';
import { availableBackends } from '../../harness/worlds.ts';
import { countDescriptors, descriptorsClosed } from '../../harness/descriptors.ts';
import { Probe } from '../../harness/probe.ts';
import { inTime, until } from '../../harness/until.ts';

/** Only a native listener leaves connections in the kernel's queue; and elsewhere a full queue refuses or waits. */
const reason =
  process.platform !== 'linux' ? 'EAGAIN of a full queue is a thing of Linux' : loadAddon().ok ? undefined : 'no addon';

const BACKLOG = 2;
/** More than any kernel queues with that backlog. */
const DIAL_COUNT = 8;

describe.skipIf(reason !== undefined)(`a Unix-domain listener with a full queue ${reason ?? ''}`, () => {
  for (const { name, createWorld } of availableBackends().filter((backend) => backend.name !== 'memory')) {
    describe(name, () => {
      let folder: string;
      let server: Probe;
      let client: Probe;
      let bound: Service;

      beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), 'sockman-queue-'));
        server = new Probe({ backend: 'native', backlog: BACKLOG });
        const listening = server.bindAndStartListening(`unix:${join(folder, 'listener')}`);
        if (!listening.ok) throw new Error(listening.errmsg);
        bound = listening.bound;
        server.startSocketsThreads();
        server.pauseAccepting(bound);
        client = new Probe(createWorld().options);
        client.startSocketsThreads();
      });
      afterEach(async () => {
        await client[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true });
      });

      /** Dials until the queue is full. @returns All the dials: those that found room are over, the others pending. */
      async function fillQueue(count = DIAL_COUNT): Promise<Promise<DialResult>[]> {
        const dials = Array.from({ length: count }, () => client.connectAndMakeNodeId(bound));
        await until('a full queue', () => client.connectionCount > BACKLOG);
        return dials;
      }

      it('takes the dials that waited as soon as it accepts again', async () => {
        const dials = await fillQueue();
        expect(client.connectionCount).toBeLessThan(DIAL_COUNT);
        server.resumeAccepting(bound);
        const results = await inTime('all dials', Promise.all(dials));
        expect(results.map(({ nodeId }) => nodeId).sort()).toEqual([...results.keys()]);
        await until('all accepts', () => server.accepted.length === DIAL_COUNT);
        for (const { nodeId } of results) client.sendBytes(nodeId!, Buffer.from([nodeId!]));
        const seen = (): number[] => server.accepted.flatMap(({ nodeId }) => [...server.bytes(nodeId)]).sort();
        await until('a byte from each', () => seen().length === DIAL_COUNT);
        expect(seen()).toEqual([...results.keys()]);
      });

      it('fails a dial when its time is over, as a peer and as a proxy, and leaves no descriptor', async () => {
        // As many as fit, and none that goes on trying.
        void (await fillQueue(BACKLOG + 1));
        const before = countDescriptors();
        const asPeer = client.connectAndMakeNodeId(bound, { timeoutMs: 60 });
        const asProxy = client.connectAndMakeNodeId('192.0.2.1:1', { proxy: bound, timeoutMs: 60 });
        expect(await inTime('the dial', asPeer)).toMatchObject({ code: 'timed-out', proxyFailed: false });
        expect(await inTime('the dial', asProxy)).toMatchObject({ code: 'proxy-connect-timed-out', proxyFailed: true });
        await descriptorsClosed(before);
      });

      it('ends a waiting dial at once when it is aborted, or the network interrupted', async () => {
        void (await fillQueue());
        const controller = new AbortController();
        const aborted = client.connectAndMakeNodeId(bound, { signal: controller.signal });
        controller.abort();
        expect(await inTime('the end', aborted)).toMatchObject({ code: 'aborted' });
        const interrupted = client.connectAndMakeNodeId(bound);
        client.interruptNet();
        expect(await inTime('the end', interrupted)).toMatchObject({ code: 'interrupted' });
      });
    });
  }
});

if (reason !== undefined) console.info(`full queues of Unix-domain sockets are not tested: ${reason}`);
