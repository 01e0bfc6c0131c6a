// The life of a `Connman`: made, starting, started, stopped. Its parts do the rest.

import type { NamedEndpoint } from '../netaddr/named-endpoint.ts';
import type { Service } from '../netaddr/service.ts';
import type { StartOptions } from '../sockman/core.ts';
import { SockManError } from '../util/errors/errors.ts';
import { beforeAbort } from '../util/time/before-abort.ts';
import { Intervals } from '../util/time/intervals.ts';
import type { NetEvents, PeerNetwork } from './contract/net-events.ts';
import { INACTIVITY_SWEEP_MS } from './node/timeouts.ts';
import type { ConnmanParts } from './parts.ts';
import { AS_MAP_CHECK_INTERVAL_MS, checkAsMap } from './reach/as-map-check.ts';
import { SAVE_INTERVAL_MS } from './saving.ts';
import { lookUpEndpoint } from './settings/endpoint.ts';
import { MemoryTrim } from '../util/memory/memory-trim.ts';

type Stage = 'made' | 'starting' | 'started' | 'stopped';

export class ConnmanLife {
  readonly #parts: ConnmanParts;
  readonly #interrupt: AbortSignal;
  readonly #intervals: Intervals;
  #stage: Stage = 'made';
  #stopping: Promise<void> | undefined;

  constructor(parts: ConnmanParts) {
    this.#parts = parts;
    this.#interrupt = parts.interruptor.signal;
    this.#intervals = new Intervals(parts.settings.clock);
  }

  async start(netEvents: NetEvents, peerNetwork: PeerNetwork): Promise<void> {
    if (this.#stage !== 'made') throw new SockManError('ERR_SOCKMAN_STATE', `start: ${this.#stage} before`);
    const { settings, network, externalAddresses, localAddresses, listeners, listenPlan } = this.#parts;
    if (network.namedProxies.length > 0 || externalAddresses.hasNames) await this.#lookUpNames();
    if (settings.isListening) {
      listeners.openAll();
      localAddresses.completePorts(listeners.port);
    }
    if (settings.discovers && listenPlan.bindsAny) localAddresses.discover(listeners.port);
    this.#stage = 'starting';
    this.#attach(netEvents, peerNetwork);
    const { outbound, saving } = this.#parts;
    const anchors = outbound.usesAddressBook ? await saving.takeAnchors() : [];
    if (this.#interrupt.aborted) throw new SockManError('ERR_SOCKMAN_STATE', 'start: interrupted meanwhile');
    this.#stage = 'started';
    const { lifecycle, sockets, pump } = this.#parts;
    lifecycle.start(netEvents);
    sockets.startSocketsThreads({ name: 'connman', ...this.#i2pOptions() });
    outbound.start(netEvents, anchors);
    pump.start(netEvents);
    this.#startIntervals();
  }

  /** If the processor refuses, such as one that already serves another node, everything is closed again. */
  #attach(netEvents: NetEvents, peerNetwork: PeerNetwork): void {
    try {
      netEvents.attach(peerNetwork);
    } catch (error) {
      const { sockets, listeners } = this.#parts;
      sockets.stopListening();
      listeners.clear();
      this.#stage = 'made';
      throw error;
    }
  }

  /** Looks up the names of proxies and of ourselves. @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: a name has no address. */
  async #lookUpNames(): Promise<void> {
    this.#stage = 'starting';
    const { settings, network, externalAddresses } = this.#parts;
    const lookUp = async (option: string, name: NamedEndpoint): Promise<Service> => {
      const found = await beforeAbort(lookUpEndpoint(option, name, settings.lookUpHost), this.#interrupt);
      if (found === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'start: interrupted meanwhile');
      return found;
    };
    try {
      await network.lookUpProxies(lookUp);
      await externalAddresses.lookUpNames(lookUp);
    } finally {
      this.#stage = 'made';
    }
  }

  /** Options of listening on I2P, if it is on. */
  #i2pOptions(): StartOptions {
    const { settings, network } = this.#parts;
    const { i2pPrivateKeyFile, i2pAcceptIncoming } = settings;
    const bridge = network.proxyFor('i2p');
    if (bridge === undefined || i2pPrivateKeyFile === undefined || !i2pAcceptIncoming) return {};
    const { endpoint: sam, sessionOptions } = bridge;
    return { i2p: { sam, privateKeyFile: i2pPrivateKeyFile, ...(sessionOptions !== undefined && { sessionOptions }) } };
  }

  #startIntervals(): void {
    const { sockets, inactivity, tasks, saving } = this.#parts;
    this.#checkAsMap();
    // Deferred: after a pause of the process, the kernel still has what the peers sent meanwhile.
    this.#intervals.every(INACTIVITY_SWEEP_MS, () => sockets.deadline(0, () => inactivity.check()));
    const memoryTrim = new MemoryTrim(() => sockets.trimMemory());
    this.#intervals.every(INACTIVITY_SWEEP_MS, () => memoryTrim.look());
    this.#intervals.every(SAVE_INTERVAL_MS, () => tasks.run('save', () => saving.save()));
    this.#intervals.every(AS_MAP_CHECK_INTERVAL_MS, () => this.#checkAsMap());
  }

  #checkAsMap(): void {
    const { settings, tasks, events } = this.#parts;
    tasks.run('AS map', async () => {
      const health = await checkAsMap(settings, this.#interrupt);
      if (health !== undefined) events.emit('asMapHealth', health);
    });
  }

  setNetworkActive(isActive: boolean): void {
    const { settings, network, table, events } = this.#parts;
    settings.logger.info(`SetNetworkActive: ${isActive}`);
    if (network.isActive === isActive) return;
    network.isActive = isActive;
    if (!isActive) table.disconnectAll('the network is off');
    events.emit('networkActiveChanged', isActive);
  }

  interrupt(): void {
    this.#parts.interruptor.abort();
    this.#intervals.stop();
    this.#parts.sockets.interruptNet();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { tasks, sockets, saving, outbound, table, removal, listeners } = this.#parts;
    const wasStarted = this.#stage === 'started';
    this.interrupt();
    await tasks.settled();
    await sockets.joinSocketsThreads();
    this.#stage = 'stopped';
    // Saved before nodes are finalized, as in Core: the next run then knows that they were connected.
    if (wasStarted) {
      await saving.save();
      if (outbound.usesAddressBook) await saving.saveAnchors(outbound.anchors());
    }
    for (const node of table.values()) {
      node.disconnect('shutting down');
      removal.remove(node, false);
    }
    removal.stop();
    sockets.closeSockets();
    listeners.clear();
    saving.release();
  }
}
