// The parts of a `Connman`, created in the order of their dependencies. `life.ts` starts and stops them.

import type { NetworkClass } from '../netaddr/networks/network.ts';
import { reportThrown } from '../util/errors/callback-errors.ts';
import { debugLog } from '../util/debug-log.ts';
import { Emitter } from '../util/emitter.ts';
import { Tasks } from '../util/time/background-tasks.ts';
import type { ConnmanEvents } from './contract/events.ts';
import { NodeLifecycle } from './contract/node-lifecycle.ts';
import { Admission } from './inbound/admission.ts';
import { planListening } from './inbound/listen-plan.ts';
import type { ListenPlan } from './inbound/listen-plan.ts';
import { ListeningSockets } from './inbound/listening-sockets.ts';
import { Permissions, parseWhiteBind } from './inbound/permissions.ts';
import { Inactivity } from './messages/inactivity.ts';
import { captureMessages } from './messages/message-capture.ts';
import { logMessages } from './messages/message-log.ts';
import { MessagePump } from './messages/message-pump.ts';
import { UploadTarget, parseUploadTarget } from './messages/upload-target.ts';
import { Wire } from './messages/wire.ts';
import { BLOCK_BYTES } from './node/block-pool.ts';
import { KeyedHashes } from './node/keyed-hashes.ts';
import { NodeMaker } from './node/node-maker.ts';
import { NodeTable } from './node/node-table.ts';
import { Dialing } from './outbound/dialing.ts';
import { Outbound } from './outbound/outbound.ts';
import { AddressCache } from './reach/address-cache.ts';
import { ExternalAddresses } from './reach/external-addresses.ts';
import { LocalAddresses } from './reach/local-addresses.ts';
import { LocalServices } from './reach/local-services.ts';
import { NetworkState } from './reach/network-state.ts';
import { Removal } from './removal.ts';
import { Saving } from './saving.ts';
import { MAX_ADDED_NODE_CONNECTIONS, MAX_PRIVATE_BROADCAST_CONNECTIONS, connectionBudget } from './settings/budget.ts';
import type { ConnectionBudget } from './settings/budget.ts';
import { fittingConnections } from './settings/descriptor-limit.ts';
import type { ConnmanOptions } from './settings/options.ts';
import type { ResolvedConnmanOptions } from './settings/resolve-options.ts';
import { NodeSockets } from './sockets.ts';

/**
 * Default of `receiveChunkBytes`: a peer can exceed its share of the memory budget by this much; enough for small messages.
 */
export const RECEIVE_CHUNK_BYTES = 2 * BLOCK_BYTES;
/** Default of `acceptBatch`: with full slots, each new peer evicts another. */
const ACCEPT_BATCH = 4;

export class ConnmanParts {
  readonly settings: ResolvedConnmanOptions;
  /** Aborted when everything must end. */
  readonly interruptor = new AbortController();
  readonly reportError: (error: unknown, where: string, nodeId: number | undefined) => void;
  readonly events: Emitter<ConnmanEvents>;
  readonly tasks: Tasks;
  readonly saving: Saving;

  readonly sockets: NodeSockets;
  readonly table = new NodeTable();
  readonly hashes: KeyedHashes;
  readonly lifecycle: NodeLifecycle;
  readonly removal: Removal;

  readonly network: NetworkState;
  readonly localServices: LocalServices;
  readonly localAddresses: LocalAddresses;
  readonly externalAddresses: ExternalAddresses;
  readonly addressCache: AddressCache;

  readonly budget: ConnectionBudget;
  readonly listenPlan: ListenPlan;
  readonly listeners: ListeningSockets;
  readonly outbound: Outbound;
  readonly dialing: Dialing;

  readonly pump: MessagePump;
  readonly wire: Wire;
  readonly uploadTarget: UploadTarget;
  readonly inactivity: Inactivity;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option: values that only their part can check. */
  constructor(options: ConnmanOptions, settings: ResolvedConnmanOptions) {
    const { clock, random, logger, addressBook, banMan, connectTimeoutMs, peerTimeoutMs } = settings;
    const interrupt = this.interruptor.signal;
    const { table } = this;
    this.settings = settings;
    const { onCallbackError } = options;
    const reportError = (error: unknown, where: string, nodeId: number | undefined): void =>
      reportThrown(onCallbackError, error, where, nodeId);
    this.reportError = reportError;
    const events = new Emitter<ConnmanEvents>((error, name) => reportError(error, name, undefined));
    this.events = events;
    const tasks = new Tasks((error, name) => reportError(error, name, undefined));
    this.tasks = tasks;
    this.saving = new Saving(settings);
    const defaults = { receiveChunkBytes: RECEIVE_CHUNK_BYTES, acceptBatch: ACCEPT_BATCH };
    const sockets = new NodeSockets({ ...defaults, ...options, connectTimeoutMs });
    this.sockets = sockets;

    const network = new NetworkState(settings);
    this.network = network;
    const localServices = new LocalServices(settings.localServices);
    this.localServices = localServices;
    this.hashes = KeyedHashes.random(random);
    this.listenPlan = planListening({ ...settings, whiteBind: settings.whiteBind.map(parseWhiteBind) });
    const budget = connectionBudget(allowedConnections(settings, this.listenPlan));
    this.budget = budget;
    warnWithoutInboundSlots(settings, budget);
    const permissions = new Permissions(settings);
    this.uploadTarget = new UploadTarget(parseUploadTarget(settings.maxUploadTarget), clock);
    const localAddresses = makeLocalAddresses(settings, network);
    this.localAddresses = localAddresses;
    this.externalAddresses = new ExternalAddresses(settings, localAddresses, this.listenPlan.listenPort);
    const listeners = new ListeningSockets(this.listenPlan, { sockets, localAddresses, logger });
    this.listeners = listeners;
    this.addressCache = new AddressCache({ addressBook, banMan, clock, random });

    const lifecycle = new NodeLifecycle({ settings, table, events, interrupt, reportError });
    this.lifecycle = lifecycle;
    const maker = new NodeMaker(
      settings,
      this.hashes,
      (node) => this.removal.noteMarked(node),
      (nodeId) => sockets.wake(nodeId),
    );
    const nodes = {
      settings,
      sockets,
      table,
      network,
      localServices,
      maker,
      lifecycle,
      permissions,
      events,
      interrupt,
    };
    const admission = new Admission({ ...nodes, listeners, maxInbound: budget.maxInbound });
    const dialing = new Dialing({ ...nodes, localAddresses });
    this.dialing = dialing;
    this.outbound = new Outbound({ ...nodes, budget, localAddresses, dialing, tasks });
    this.removal = new Removal({ ...nodes, dialing, tasks });

    this.pump = new MessagePump({ table, clock, random, interrupt, reportError });
    this.wire = new Wire({ sockets, pump: this.pump, uploadTarget: this.uploadTarget, events, clock });
    this.inactivity = new Inactivity({
      ...nodes,
      pump: this.pump,
      longMessages: maker.longMessages,
      clock,
      peerTimeoutMs,
    });
    sockets.attach({ table, wire: this.wire, admission, localAddresses });

    const debug = debugLog();
    if (debug !== undefined) logMessages(events, debug);
    const folder = settings.captureMessages;
    if (folder !== undefined) captureMessages({ events, folder, clock, logger });
  }
}

/** `maxConnections`, or fewer if the system does not allow as many. */
function allowedConnections(settings: ResolvedConnmanOptions, plan: ListenPlan): number {
  const { maxConnections, isListening, privateBroadcast, descriptorLimit, logger } = settings;
  const listenerCount = isListening ? plan.targets.length : 0;
  const broadcastCount = privateBroadcast ? MAX_PRIVATE_BROADCAST_CONNECTIONS : 0;
  const others = listenerCount + MAX_ADDED_NODE_CONNECTIONS + broadcastCount;
  const fitting = fittingConnections(maxConnections, others, descriptorLimit);
  if (fitting < maxConnections) {
    logger.warn(`${fitting} connections instead of ${maxConnections}: the system allows too few open files`);
  }
  return fitting;
}

function warnWithoutInboundSlots(settings: ResolvedConnmanOptions, budget: ConnectionBudget): void {
  const { maxAutomatic, maxInbound } = budget;
  if (!settings.isListening || maxInbound > 0 || maxAutomatic === 0) return;
  settings.logger.warn(
    `nobody can connect to us: all ${maxAutomatic} connections are for dialing; maxConnections is too low`,
  );
}

function makeLocalAddresses(settings: ResolvedConnmanOptions, network: NetworkState): LocalAddresses {
  const { cjdnsReachable, discovers, logger, onlyNet, random } = settings;
  // An onion service can be reached without our having a proxy.
  const isOnionWanted = onlyNet === undefined || onlyNet.includes('onion');
  const isReachable = (name: NetworkClass): boolean => network.isReachable(name);
  const mayBeGiven = (name: NetworkClass): boolean => isReachable(name) || (name === 'onion' && isOnionWanted);
  return new LocalAddresses({ discovers, cjdnsReachable, random, logger, isReachable, mayBeGiven });
}
