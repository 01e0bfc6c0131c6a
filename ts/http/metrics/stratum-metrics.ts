// Metric families of a Stratum V2 server.

import type { MetricsPage } from './metrics-page.ts';

/** The figures of an `Sv2Connman`. */
export interface MeasuredSv2 {
  /** Clients by state. */
  counts(): { handshake: number; setup: number; confirmed: number; ready: number };
  /** Handshakes by result, and messages by type; they only grow. */
  sv2Stats(): {
    handshakes: Readonly<Record<'ok' | 'failed', number>>;
    messages: Readonly<Record<'received' | 'sent', ReadonlyMap<string, number>>>;
  };
}

/** Adds the families of a server. */
export function addStratumMetrics(page: MetricsPage, server: MeasuredSv2): void {
  const { handshake, setup, confirmed, ready } = server.counts();
  page
    .gauge('sv2_clients', 'Clients, by state.')
    .add(handshake, { state: 'handshake' })
    .add(setup + confirmed, { state: 'setup' })
    .add(ready, { state: 'ready' });
  const { handshakes, messages } = server.sv2Stats();
  const results = page.counter('sv2_handshakes_total', 'Noise handshakes, by result.');
  for (const [result, count] of Object.entries(handshakes)) results.add(count, { result });
  const family = page.counter('sv2_messages_total', 'Messages, by type.');
  for (const [direction, counts] of Object.entries(messages)) {
    for (const [type, count] of counts) family.add(count, { direction, type });
  }
}
