import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { UsageError } from '../../ts/cli/options.ts';
import type { CliIo } from '../../ts/cli/terminal/cli-io.ts';
import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { onionServiceOf, readOnionArguments } from '../../ts/cli/node/onion.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import type { OnionService } from '../../ts/tor/onion-service.ts';
import { World } from '../connman/world.ts';
import type { TestNode } from '../connman/world.ts';
import { bytesOf } from '../harness/peers/handshake.ts';
import { outside } from '../harness/outside.ts';
import { CONTROL_PORT, ControlPort, ONION_ID } from '../harness/dials/control-port.ts';

const PLACE = '127.0.0.1:18444';
const ONION_PLACE = '127.0.0.1:18445';
const SERVICE = `${ONION_ID}.onion:18444`;
const OTHER = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaam2dqd.onion:18444';

let world: World;
let port: ControlPort;
let onion: OnionService | undefined;
let printed: string[];

beforeEach(() => {
  world = new World();
  port = new ControlPort(world.net);
  printed = [];
  onion = undefined;
});
afterEach(async () => {
  await onion?.stop();
  await world.destroy();
});

/** A node with its onion service, on the clock of the world. */
async function start(options: ConnmanOptions = {}): Promise<TestNode> {
  const node = await world.node({ bind: [PLACE], onionBind: [ONION_PLACE], noConnect: true, ...options });
  const io = { print: (line: string) => printed.push(line), complain: (line: string) => printed.push(line) };
  onion = onionServiceOf(node.connman, 'regtest', undefined, readOnionArguments(CONTROL_PORT, undefined)!, {
    ...(io as unknown as CliIo),
  });
  onion.start();
  await port.settle();
  return node;
}

describe('the onion service of a node', () => {
  it('leads to its onion bind with the port of the network, and is an address of ours while it lasts', async () => {
    const { connman } = await start();
    expect(port.commands.at(-1)).toBe(`0 ADD_ONION NEW:ED25519-V3 PoWDefensesEnabled=1 Port=18444,${ONION_PLACE}`);
    expect(printed).toEqual([`onion service at ${SERVICE}`]);
    expect(connman.localAddresses().map(({ service, score }) => `${service} ${score}`)).toEqual([`${SERVICE} 4`]);
    await onion?.stop();
    expect(connman.localAddresses()).toEqual([]);
  });

  it('has who comes through it known as an onion peer, and nobody else', async () => {
    const { connman } = await start();
    world.connect(ONION_PLACE);
    world.connect(PLACE);
    await world.settle();
    expect([...connman.nodes()].map((node) => [node.isInboundOnion, node.connectedThroughNetwork])).toEqual([
      [true, 'onion'],
      [false, 'not_publicly_routable'],
    ]);
  });

  it('shows the way to other onion services, a circuit for each', async () => {
    port.answers['GETINFO'] = '250-net/listeners/socks="127.0.0.1:9150"\n250 OK';
    const socks = world.listen('127.0.0.1:9150');
    const { connman } = await start();
    expect(connman.isReachable('onion')).toBe(true);
    void connman.connectTo(OTHER);
    await world.settle();
    expect(Buffer.from(socks.peers[0]!.take()).toString('hex')).toBe('05020002');
    socks.peers[0]!.send(bytesOf('0500'));
    await world.settle();
    expect(Buffer.from(socks.peers[0]!.take()).toString('latin1')).toContain(OTHER.split(':')[0]);
  });

  it('leaves onion addresses to the proxy that the user named for them', async () => {
    const named = world.listen('127.0.0.1:9250');
    for (const proxy of ['127.0.0.1:9250', '127.0.0.1:9250=onion']) {
      const { connman } = await start({ proxy, bind: [PLACE], onionBind: [ONION_PLACE] });
      expect(port.takeCommands().filter((command) => command.includes('GETINFO'))).toEqual([]);
      expect(connman.localAddresses().map(({ service }) => String(service))).toEqual([SERVICE]);
      void connman.connectTo(OTHER);
      await world.settle();
      expect(named.peers).toHaveLength(1);
      named.peers.length = 0;
      await onion?.stop();
      await connman.stop();
    }
  });

  it('brings no onion peers to who wants other networks only', async () => {
    const { connman } = await start({ onlyNet: ['ipv4'] });
    expect(connman.isReachable('onion')).toBe(false);
    expect(connman.localAddresses()).toEqual([]);
  });

  it('says what keeps it from being made', async () => {
    port.answers['ADD_ONION'] = '551 no';
    await start();
    expect(printed).toEqual([expect.stringContaining('no onion service')]);
  });
});

describe('sockman node --tor-control', () => {
  const run = (...args: string[]): Promise<number> => {
    const { io, lines } = outside();
    printed = lines;
    return nodeCommand.run(args, io);
  };

  it('listens on loopback, once for everybody and once for Tor, and brings no second node', async () => {
    // Port 1 of the loopback interface: no Tor is there, which is no reason to end.
    expect(await run('--tor-control', '127.0.0.1:1', '--for', '0')).toBe(0);
    expect(printed.filter((line) => line.startsWith('listening at 127.0.0.1:'))).toHaveLength(2);
    expect(printed.filter((line) => line.startsWith('dialing'))).toEqual([]);
  });

  it('listens where it is told to', async () => {
    expect(await run('--tor-control', '127.0.0.1:1', '--listen', '127.0.0.2:0', '--for', '0')).toBe(0);
    const places = printed.map((line) => /^listening at (\S+):\d+/.exec(line)?.[1]);
    expect(places.filter((place) => place !== undefined)).toEqual(['127.0.0.2', '127.0.0.1']);
  });

  it('is not understood with what is no address and no name, nor a password without it', async () => {
    await expect(run('--tor-control', '127.0.0.256', '--for', '0')).rejects.toThrow(UsageError);
    await expect(run('--tor-password', 'word', '--for', '0')).rejects.toThrow(UsageError);
  });
});

describe('its options', () => {
  it('have a port of their own', () => {
    expect(String(readOnionArguments('127.0.0.1', 'word')?.control)).toBe('127.0.0.1:9051');
    expect(readOnionArguments('tor', 'word')?.control).toBe('tor:9051');
    expect(readOnionArguments('127.0.0.1:1', 'word')?.password).toBe('word');
    expect(readOnionArguments(undefined, undefined)).toBeUndefined();
  });

  it('that mean nothing are refused', () => {
    for (const [control, password] of [
      [undefined, 'word'],
      ['127.0.0.256', undefined],
      ['tor.onion', undefined],
      ['', undefined],
    ] as const) {
      expect(() => readOnionArguments(control, password)).toThrow(UsageError);
    }
  });
});
