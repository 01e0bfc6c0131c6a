// A peer behind a proxy, for tests against real proxies and Tor.

import type { SockManOptions } from '../../ts/sockman/options.ts';
import { Probe } from '../harness/probe.ts';

/** Starts a peer that greets at once and echoes: the greeting often arrives right behind a proxy's reply. */
export function startWelcomingPeer(options?: SockManOptions): { peer: Probe; port: number } {
  const peer = new Probe(options);
  peer.on.eventNewConnectionAccepted = (nodeId) => (peer.sendBytes(nodeId, Buffer.from('welcome')), true);
  peer.on.eventGotData = (nodeId, data) => void peer.sendBytes(nodeId, data);
  const { bound, errmsg } = peer.bindAndStartListening('127.0.0.1:0');
  if (bound === undefined) throw new Error(errmsg);
  peer.startSocketsThreads();
  return { peer, port: bound.port };
}
