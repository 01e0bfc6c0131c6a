import { expect, it } from 'vitest';
import { Metrics } from '../../../ts/http/metrics/metrics.ts';
import { serverStage } from '../../stratum/server/server-stage.ts';
import { readMetrics, sampleOf } from './prometheus-text.ts';

it('a Stratum V2 server tells of its clients, handshakes and messages', () => {
  const { setUp, dial, run, server } = serverStage();
  const metrics = new Metrics({ sv2: server });
  setUp();
  const hasty = dial();
  hasty.peer.end();
  run();
  const families = readMetrics(metrics.text());
  metrics.stop();
  expect(sampleOf(families, 'sv2_clients', 'state="setup"')).toBe(1);
  expect(sampleOf(families, 'sv2_handshakes_total', 'result="ok"')).toBe(1);
  expect(sampleOf(families, 'sv2_handshakes_total', 'result="failed"')).toBe(1);
  expect(sampleOf(families, 'sv2_messages_total', 'direction="received",type="SetupConnection"')).toBe(1);
  expect(sampleOf(families, 'sv2_messages_total', 'direction="sent",type="SetupConnection.Success"')).toBe(1);
  expect(sampleOf(families, 'sockman_connections', 'sockman="sv2"')).toBe(1);
});
