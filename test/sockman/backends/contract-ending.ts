// How sockets of a backend end, what becomes of their handles, and how a backend itself stops.

import { describe, expect, it } from 'vitest';
import { SLOT_MASK } from '../../../ts/sockman/backends/backend.ts';
import { IPV4 } from './contract-stage.ts';
import type { BackendLimits, ContractStage } from './contract-stage.ts';

export function describeEnding({ station, pair }: ContractStage, limits: BackendLimits): void {
  describe('ending', () => {
    it('goes on receiving after its own half-close, and sending after the other end’s', async () => {
      const { dialing, listening, client, server } = await pair();
      expect(dialing.backend.shutdownSend(client)).toBe(0);
      await listening.until('the end', () => listening.of(server).has('eof'));
      expect(listening.send(server, 'late answer')).toBe(11);
      await dialing.until('the answer', () => dialing.of(client).text === 'late answer');
      expect(dialing.send(client, 'too late')).toBeLessThan(0);
      listening.backend.close(server);
      await dialing.until('the other end', () => dialing.of(client).has('eof'));
    });

    it('delivers what it took before a close, then the end', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      const taken = dialing.fill(client);
      dialing.backend.close(client);
      listening.setReceiving(server, true);
      await listening.until('the end', () => listening.of(server).has('eof'));
      expect(listening.of(server).byteCount).toBe(taken);
    });

    it('reports an RST as a read error, and refuses to send from then on', async () => {
      const { dialing, listening, client, server } = await pair();
      dialing.backend.reset(client);
      await listening.until('the error', () => listening.of(server).events.length > 0);
      expect(listening.of(server).events).toEqual(['ECONNRESET']);
      expect(listening.send(server, 'anyone?')).toBeLessThan(0);
      await listening.quiet();
      expect(listening.of(server).events).toEqual(['ECONNRESET']);
    });

    it('drops what was not sent yet when it resets', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      for (let taken = dialing.fill(client); taken > 0; taken = dialing.fill(client)) await dialing.quiet();
      const { sentBytes } = dialing.backend.countersOf(client)!;
      dialing.backend.reset(client);
      await listening.quiet();
      listening.setReceiving(server, true);
      const ends = limits.hidesResets === true ? ['ECONNRESET', 'eof'] : ['ECONNRESET'];
      await listening.until('the error', () => ends.includes(listening.of(server).events.at(-1)!));
      expect(listening.of(server).byteCount).toBeLessThan(sentBytes);
    });

    it('resets right behind its own FIN', async () => {
      const { dialing, listening, client, server } = await pair();
      dialing.backend.shutdownSend(client);
      dialing.backend.reset(client);
      await listening.until('an end', () => listening.of(server).events.length > 0);
      await listening.quiet();
      expect(['eof', 'ECONNRESET']).toContain(listening.of(server).events.join());
      // The end hides the reset from a receiver, not from a sender.
      listening.send(server, 'x');
      await listening.quiet();
      expect(listening.send(server, 'x')).toBeLessThan(0);
    });

    it('answers with an RST when closed with bytes unread', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      dialing.send(client, 'never read');
      await listening.quiet();
      listening.backend.close(server);
      await dialing.until('the error', () => dialing.of(client).events.length > 1);
      expect(dialing.of(client).events).toEqual(['connected 0', 'ECONNRESET']);
    });

    it('reports nothing for a socket closed by itself', async () => {
      const { dialing, listening, client, server } = await pair();
      dialing.send(client, 'unheard');
      listening.backend.close(server);
      await listening.quiet();
      expect(listening.of(server).events).toEqual([]);
    });

    it('takes any call on a closed handle for nothing', async () => {
      const { dialing, listening, client, listener } = await pair();
      const { backend } = dialing;
      backend.close(client);
      listening.backend.close(listener);
      backend.close(client);
      backend.reset(client);
      backend.setReceiving(client, true);
      listening.backend.setAccepting(listener, true);
      expect(dialing.send(client, 'x')).toBe(0);
      expect(backend.receive(client)).toBeLessThan(0);
      expect(backend.shutdownSend(client)).toBeLessThan(0);
      expect(backend.addressOf(client, 'local')).toBeUndefined();
      expect(backend.tcpInfoOf(client)).toBeUndefined();
    });
  });

  describe('handles', () => {
    it('are different 32-bit integers, and never -1', async () => {
      const { client, server, listener } = await pair();
      expect(server).not.toBe(listener);
      for (const handle of [client, server, listener]) {
        expect(handle | 0).toBe(handle);
        expect(handle).not.toBe(-1);
      }
    });

    it('do not come back, and their slots not within the turn that freed them', async () => {
      const { dialing, listening, client, server, bound } = await pair();
      let replaced: number | undefined;
      listening.onRecord = () => {
        if (replaced !== undefined) return;
        listening.backend.close(server);
        replaced = listening.connect(bound);
        expect(replaced & SLOT_MASK).not.toBe(server & SLOT_MASK);
      };
      dialing.send(client, 'now');
      await listening.until(
        'the replacement',
        () => replaced !== undefined && listening.of(replaced).has('connected 0'),
      );
      expect(replaced).not.toBe(server);
    });

    it('name the socket of the record, when every socket of a turn is closed in its first record', async () => {
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
      expect(listening.turnCount).toBe(turns);
    });
  });

  describe('stopping', () => {
    it('makes no turn after stop, from inside a turn too', async () => {
      const { dialing, listening, client } = await pair();
      listening.onRecord = () => listening.backend.stop();
      dialing.send(client, 'one');
      await listening.until('the last turn', () => listening.turnCount > 1);
      const turns = listening.turnCount;
      dialing.send(client, 'two');
      await listening.quiet();
      expect(listening.turnCount).toBe(turns);
    });

    it('leaves sockets open on stop, and closes all on destroy', async () => {
      const { dialing, listening, client, server, bound } = await pair();
      listening.backend.stop();
      expect(listening.send(server, 'still open')).toBe(10);
      await dialing.until('the bytes', () => dialing.of(client).text === 'still open');
      listening.backend.destroy();
      listening.backend.destroy();
      await dialing.until('the end', () => dialing.of(client).has('eof'));
      const late = dialing.connect(bound);
      await dialing.until('the refusal', () => dialing.of(late).has('connected ECONNREFUSED'));
    });

    it('may be destroyed from inside a turn', async () => {
      const { dialing, listening, client } = await pair();
      listening.onRecord = () => listening.backend.destroy();
      dialing.send(client, 'go');
      await dialing.until('the end', () => dialing.of(client).events.length > 1);
    });
  });

  it('serves 1,000 connections at once, each in its turn', { timeout: 30_000 }, async () => {
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
