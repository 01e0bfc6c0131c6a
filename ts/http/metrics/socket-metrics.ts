// Metric families of the sockets, with one sample for each `SockMan`.

import type { SockManStats } from '../../sockman/stats.ts';
import { VERSION } from '../../util/version.ts';
import type { MetricsPage } from './metrics-page.ts';

/** The sockets of one protocol: a `SockMan`, or an object that has its figures. */
export interface MeasuredSockets {
  /** Value of the label `sockman`, such as `p2p`. */
  readonly name: string;
  /** As `SockMan.backendName` has it, such as `native/epoll`. */
  readonly backendName: string;
  stats(): SockManStats;
}

/** Counters with one sample for each `SockMan`: name, help, and how to read the value. */
const COUNTERS: readonly (readonly [name: string, help: string, field: keyof SockManStats])[] = [
  ['sockman_accepted_total', 'Connections accepted.', 'accepted'],
  ['sockman_refused_total', 'Accepted connections that were refused at once.', 'refused'],
  ['sockman_dialed_total', 'Connections dialed with success.', 'dialed'],
  ['sockman_dial_failures_total', 'Dials that failed.', 'dialFailures'],
  [
    'sockman_accept_errors_total',
    'Times that descriptors or memory ran out while accepting.',
    'acceptExhaustedEpisodes',
  ],
  ['sockman_turns_total', 'Turns of the socket loop.', 'turns'],
  ['sockman_short_writes_total', 'Sends of which the kernel did not take everything.', 'shortWrites'],
  ['sockman_callback_errors_total', 'Callbacks that threw.', 'callbackErrors'],
];

/** Adds the families of all sockets. */
export function addSocketMetrics(page: MetricsPage, all: readonly MeasuredSockets[]): void {
  const info = page.gauge('sockman_info', 'Version, backend and poller.');
  const first = all[0];
  if (first !== undefined) {
    const [backend = '', poller = ''] = first.backendName.split('/');
    info.add(1, { version: VERSION, backend, poller });
  }
  for (const sockets of all) addOne(page, sockets.name, sockets.stats());
}

function addOne(page: MetricsPage, sockman: string, stats: SockManStats): void {
  page.gauge('sockman_connections', 'Connections open now.').add(stats.connectionCount, { sockman });
  for (const [name, help, field] of COUNTERS) page.counter(name, help).add(stats[field] as number, { sockman });
  const { closed, closedAfterEOF, closedAfterError, closedAfterTimeout } = stats;
  page
    .counter('sockman_closed_total', 'Connections closed, by what had happened to them.')
    .add(closed - closedAfterEOF - closedAfterError - closedAfterTimeout, { sockman, reason: 'local' })
    .add(closedAfterEOF, { sockman, reason: 'eof' })
    .add(closedAfterError, { sockman, reason: 'error' })
    .add(closedAfterTimeout, { sockman, reason: 'timeout' });
  page
    .counter('sockman_bytes_total', 'Bytes received and sent.')
    .add(stats.receivedBytes, { sockman, direction: 'received' })
    .add(stats.sentBytes, { sockman, direction: 'sent' });
  page
    .counter('sockman_events_total', 'Sockets found ready, by what for.')
    .add(stats.receiveEvents, { sockman, kind: 'recv' })
    .add(stats.sendEvents, { sockman, kind: 'send' })
    .add(stats.accepted, { sockman, kind: 'accept' })
    .add(stats.errorEvents, { sockman, kind: 'error' });
  page
    .histogram('sockman_turn_seconds', 'Time of turns of the socket loop.')
    .addHistogram(stats.turnSeconds, { sockman });
}
