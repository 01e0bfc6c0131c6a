// Options of a node that were taken and led to nothing, without a word.

import { describe, expect, it } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { silentLogger } from '../../ts/util/logger.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0';

/** A node in memory, and what it warns of. */
function nodeWith(options: ConnmanOptions): { connman: Connman; warnings: string[] } {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (line: string) => void warnings.push(line) };
  const { createBackend: backend, clock } = new MemoryNetwork({ autoRun: true });
  return {
    connman: new Connman({ chain: 'regtest', backend, clock, logger, noConnect: true, ...options }),
    warnings,
  };
}

describe('a peer that cannot be one', () => {
  it.each([
    '',
    ' ',
    ':1',
    'http://1.2.3.4',
    '127.0.0.1:99999',
    'nonsense:1x',
    '1.2.3.4:0',
    'a b',
    '256.1.1.1',
    'unix:/x',
    'x.onion',
  ])('is refused when the node is made: %j', (text) => {
    for (const option of ['connect', 'addNode', 'seedNode']) {
      expect(() => nodeWith({ [option]: [text] })).toThrow(
        expect.objectContaining({
          code: 'ERR_SOCKMAN_INVALID_ARG',
          message: expect.stringContaining(option) as string,
        }),
      );
    }
  });

  it.each(['1.2.3.4', '1.2.3.4:1', '[2a01::1]:1', '2a01::1', 'node.example', 'node:8333', `${ONION}:1`, I2P, '0'])(
    'is not every other: %j',
    (text) => {
      expect(() => nodeWith({ noConnect: false, connect: [text] })).not.toThrow();
    },
  );
});

describe('an own address', () => {
  const told = ({ connman }: { connman: Connman }): string[] =>
    connman.localAddresses().map(({ service }) => String(service));

  it('without port has the one at which the node listens, also if that was any', async () => {
    const node = nodeWith({ bind: ['127.0.0.1:0'], externalIp: ['93.1.1.1', '93.1.1.2:8'] });
    await node.connman.start(new PeerManager());
    const { port } = node.connman.listeningAt[0]!;
    expect(port).toBeGreaterThan(0);
    expect(told(node)).toEqual([`93.1.1.1:${port}`, '93.1.1.2:8']);
    await node.connman.stop();
  });

  it.each<[string, ConnmanOptions, RegExp]>([
    ['10.0.0.1', {}, /not public/],
    ['93.1.1.1', { onlyNet: ['ipv6'] }, /network ipv4 is out of reach/],
    [`${ONION}:1`, { onlyNet: ['ipv4'] }, /network onion is out of reach/],
    [I2P, {}, /network i2p is out of reach/],
  ])('that is not advertised is named, with the reason: %s', (externalIp, options, reason) => {
    const node = nodeWith({ externalIp: [externalIp], ...options });
    expect(told(node)).toEqual([]);
    expect(node.warnings).toEqual([expect.stringContaining(externalIp.split(':')[0]!)]);
    expect(node.warnings[0]).toMatch(reason);
  });

  it('of an onion service is advertised also by a node without proxy', () => {
    const node = nodeWith({ externalIp: [`${ONION}:8333`] });
    expect(told(node)).toEqual([`${ONION}:8333`]);
    expect(node.warnings).toEqual([]);
    expect(node.connman.isReachable('onion')).toBe(false);
  });
});

describe('a node', () => {
  it('that listens without a slot for anybody says so', () => {
    for (const maxConnections of [1, 11]) {
      expect(nodeWith({ listen: true, maxConnections }).warnings).toEqual([expect.stringContaining('maxConnections')]);
    }
    expect(nodeWith({ listen: true, maxConnections: 12 }).warnings).toEqual([]);
    expect(nodeWith({ listen: false, maxConnections: 10 }).warnings).toEqual([]);
  });

  it('may listen at the last port there is', async () => {
    const { connman } = nodeWith({ listen: true, port: 65_535 });
    await connman.start(new PeerManager());
    const ports = connman.listeningAt.map(({ port }) => port);
    expect(ports.filter((port) => port === 65_535).length).toBeGreaterThan(0);
    await connman.stop();
  });

  it('lives on when an embedder’s look-up of names fails', async () => {
    const fail = (): never => {
      throw new Error('no resolver');
    };
    for (const lookUpHost of [fail, () => Promise.reject(new Error('no resolver'))]) {
      const { connman, warnings } = nodeWith({ lookUpHost });
      await connman.start(new PeerManager());
      expect(await connman.connectTo('node.example')).toBe(false);
      expect(warnings).toContainEqual(expect.stringContaining('no resolver'));
      await connman.stop();
    }
  });

  it('disconnects by text of an address or a range as well as by the name of a node', async () => {
    const { connman } = nodeWith({ bind: ['127.0.0.1:0'] });
    await connman.start(new PeerManager());
    const at = String(connman.listeningAt[0]!);
    for (const target of [at, '127.0.0.1', '127.0.0.0/8', NetAddress.parse('127.0.0.1')]) {
      expect(await connman.connectTo(at)).toBe(true);
      expect(connman.disconnectNode('127.0.0.2')).toBe(false);
      expect(connman.disconnectNode('no address')).toBe(false);
      expect(connman.disconnectNode(target)).toBe(true);
      await expect.poll(() => connman.getNodeCount()).toBe(0);
    }
    await connman.stop();
  });
});
