// Checks of how sockets end, what becomes of their handles, and how a backend stops.

import * as assert from 'node:assert';

import { SLOT_MASK } from '../backends/backend.ts';
import type { BackendLimits, CheckMaker } from './check.ts';
import { IPV4 } from './stage.ts';

export function checkEnding(check: CheckMaker, limits: BackendLimits): void {
  check('ending: goes on receiving after its own half-close, and sending after the other end’s', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    assert.strictEqual(dialing.backend.shutdownSend(client), 0);
    await listening.until('the end', () => listening.of(server).has('eof'));
    assert.strictEqual(listening.send(server, 'late answer'), 11);
    await dialing.until('the answer', () => dialing.of(client).text === 'late answer');
    assert.ok(dialing.send(client, 'too late') < 0);
    listening.backend.close(server);
    await dialing.until('the other end', () => dialing.of(client).has('eof'));
  });

  check('ending: delivers what it took before a close, then the end', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    listening.setReceiving(server, false);
    const taken = dialing.fill(client);
    dialing.backend.close(client);
    listening.setReceiving(server, true);
    await listening.until('the end', () => listening.of(server).has('eof'));
    assert.strictEqual(listening.of(server).byteCount, taken);
  });

  check('ending: reports an RST as a read error, and refuses to send from then on', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    dialing.backend.reset(client);
    await listening.until('the error', () => listening.of(server).events.length > 0);
    assert.deepStrictEqual(listening.of(server).events, ['ECONNRESET']);
    assert.ok(listening.send(server, 'anyone?') < 0);
    await listening.quiet();
    assert.deepStrictEqual(listening.of(server).events, ['ECONNRESET']);
  });

  check('ending: drops what was not sent yet when it resets', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    listening.setReceiving(server, false);
    for (let taken = dialing.fill(client); taken > 0; taken = dialing.fill(client)) await dialing.quiet();
    const { sentBytes } = dialing.backend.countersOf(client)!;
    dialing.backend.reset(client);
    await listening.quiet();
    listening.setReceiving(server, true);
    const ends = limits.hidesResets === true ? ['ECONNRESET', 'eof'] : ['ECONNRESET'];
    await listening.until('the error', () => ends.includes(listening.of(server).events.at(-1)!));
    assert.ok(listening.of(server).byteCount < sentBytes);
  });

  check('ending: resets right behind its own FIN', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    dialing.backend.shutdownSend(client);
    dialing.backend.reset(client);
    await listening.until('an end', () => listening.of(server).events.length > 0);
    await listening.quiet();
    assert.ok(['eof', 'ECONNRESET'].includes(listening.of(server).events.join()));
    // EOF hides the reset from a receiver, not from a sender.
    listening.send(server, 'x');
    await listening.quiet();
    assert.ok(listening.send(server, 'x') < 0);
  });

  check('ending: answers with an RST when closed with bytes unread', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    listening.setReceiving(server, false);
    dialing.send(client, 'never read');
    await listening.quiet();
    listening.backend.close(server);
    await dialing.until('the error', () => dialing.of(client).events.length > 1);
    assert.deepStrictEqual(dialing.of(client).events, ['connected 0', 'ECONNRESET']);
  });

  check('ending: reports nothing for a socket closed by itself', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    dialing.send(client, 'unheard');
    listening.backend.close(server);
    await listening.quiet();
    assert.deepStrictEqual(listening.of(server).events, []);
  });

  check('ending: takes any call on a closed handle for nothing', async ({ pair }) => {
    const { dialing, listening, client, listener } = await pair();
    const { backend } = dialing;
    backend.close(client);
    listening.backend.close(listener);
    backend.close(client);
    backend.reset(client);
    backend.setReceiving(client, true);
    listening.backend.setAccepting(listener, true);
    assert.strictEqual(dialing.send(client, 'x'), 0);
    assert.ok(backend.receive(client) < 0);
    assert.ok(backend.shutdownSend(client) < 0);
    assert.strictEqual(backend.addressOf(client, 'local'), undefined);
    assert.strictEqual(backend.tcpInfoOf(client), undefined);
  });

  check('handles: are different 32-bit integers, and never -1', async ({ pair }) => {
    const { client, server, listener } = await pair();
    assert.notStrictEqual(server, listener);
    for (const handle of [client, server, listener]) {
      assert.strictEqual(handle | 0, handle);
      assert.notStrictEqual(handle, -1);
    }
  });

  check('handles: do not come back, and their slots not within the turn that freed them', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair();
    let replaced: number | undefined;
    listening.onRecord = () => {
      if (replaced !== undefined) return;
      listening.backend.close(server);
      replaced = listening.connect(bound);
      assert.notStrictEqual(replaced & SLOT_MASK, server & SLOT_MASK);
    };
    dialing.send(client, 'now');
    await listening.until('the replacement', () => replaced !== undefined && listening.of(replaced).has('connected 0'));
    assert.notStrictEqual(replaced, server);
  });

  check(
    'handles: name the socket of the record, when every socket of a turn is closed in its first record',
    async ({ pair }) => {
      const { dialing, listening, bound } = await pair();
      const clients = Array.from({ length: 20 }, () => dialing.connect(bound));
      await listening.until('the accepts', () => listening.accepted.length === 21);
      await dialing.until('the connects', () => clients.every((handle) => dialing.of(handle).has('connected 0')));
      const servers = listening.accepted.map(({ handle }) => handle);
      listening.onRecord = () => {
        for (const handle of servers) listening.backend.close(handle);
      };
      for (const handle of clients) dialing.send(handle, 'x');
      const ended = (handle: number): boolean => dialing.of(handle).events.length > 1;
      await dialing.until('the ends', () => clients.every(ended));
      const turns = listening.turnCount;
      await listening.quiet();
      assert.strictEqual(listening.turnCount, turns);
    },
  );

  check('stopping: makes no turn after stop, from inside a turn too', async ({ pair }) => {
    const { dialing, listening, client } = await pair();
    listening.onRecord = () => listening.backend.stop();
    dialing.send(client, 'one');
    await listening.until('the last turn', () => listening.turnCount > 1);
    const turns = listening.turnCount;
    dialing.send(client, 'two');
    await listening.quiet();
    assert.strictEqual(listening.turnCount, turns);
  });

  check('stopping: leaves sockets open on stop, and closes all on destroy', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair();
    listening.backend.stop();
    assert.strictEqual(listening.send(server, 'still open'), 10);
    await dialing.until('the bytes', () => dialing.of(client).text === 'still open');
    listening.backend.destroy();
    listening.backend.destroy();
    await dialing.until('the end', () => dialing.of(client).has('eof'));
    const late = dialing.connect(bound);
    await dialing.until('the refusal', () => dialing.of(late).has('connected ECONNREFUSED'));
  });

  check('stopping: may be destroyed from inside a turn', async ({ pair }) => {
    const { dialing, listening, client } = await pair();
    listening.onRecord = () => listening.backend.destroy();
    dialing.send(client, 'go');
    await dialing.until('the end', () => dialing.of(client).events.length > 1);
  });

  check('serves 1,000 connections at once, each in its turn', async ({ station }) => {
    const listening = station();
    const dialing = station();
    const { bound } = listening.listen(IPV4, { backlog: 1000 });
    listening.onRecord = (handle) => {
      for (const chunk of listening.of(handle).chunks.splice(0)) listening.send(handle, chunk);
    };
    let servedCount = 0;
    dialing.onRecord = (handle) => {
      const seen = dialing.of(handle);
      if (seen.events.length === 1) dialing.send(handle, `from ${handle}`);
      else if (seen.text === `from ${handle}`) servedCount++;
    };
    for (let count = 0; count < 1000; count++) dialing.connect(bound);
    await dialing.until('all echoes', () => servedCount === 1000);
  });
}
