// A monitor's figures, for Prometheus.

import type { Monitor } from '../../crawl/monitor/monitor.ts';
import type { MetricsSource } from '../../http/metrics/metrics.ts';

/** Metric families of a monitor. */
export function monitorMetrics(monitor: Monitor): MetricsSource {
  return {
    collectMetrics(page) {
      const { picture, propagation } = monitor;
      const held = page.gauge('monitor_connections', 'Connections that are held, by network.');
      for (const [network, count] of Object.entries(picture.networks)) held.add(count, { network });
      page.gauge('monitor_v2_connections', 'Held connections that speak V2.').add(picture.v2);
      page.gauge('monitor_known_addresses', 'Addresses that are known.').add(picture.known);
      page.counter('monitor_sessions_ended_total', 'Sessions that ended.').add(picture.sessionsEnded);
      page.counter('monitor_addresses_told_total', 'Addresses that peers told.').add(picture.addressesTold);
      const seen = page.counter('monitor_announced_total', 'Different blocks and transactions that were announced.');
      seen.add(picture.blocksSeen, { kind: 'block' });
      seen.add(picture.transactionsSeen, { kind: 'transaction' });
      page.counter('monitor_received_bytes_total', 'Bytes from peers.').add(picture.bytesReceived);
      page.counter('monitor_sent_bytes_total', 'Bytes to peers.').add(picture.bytesSent);
      const spread = page.gauge(
        'monitor_propagation_seconds',
        'Median time until so many of the held connections had announced it.',
      );
      for (const [kind, { all, networks }] of [
        ['block', propagation.blocks],
        ['transaction', propagation.transactions],
      ] as const)
        for (const [network, { p50, p90 }] of Object.entries({ all, ...networks })) {
          if (p50 !== undefined) spread.add(p50 / 1_000, { kind, network, share: '0.5' });
          if (p90 !== undefined) spread.add(p90 / 1_000, { kind, network, share: '0.9' });
        }
    },
  };
}
