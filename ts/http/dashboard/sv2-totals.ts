// What the page shows of a Stratum V2 server. Vendor strings are untrusted text, as user agents are.

import type { Service } from '../../netaddr/service.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { MeasuredSv2 } from '../metrics/stratum-metrics.ts';
import { MAX_TEXT_CHARS } from './peer-rows.ts';
import type { Sv2Row, Sv2Totals } from './wire.ts';

/** Most clients that are listed: longer lists are unreadable. */
const MAX_LISTED_CLIENTS = 200;

/** The shown fields of a client; an `Sv2Client` has them. */
export interface ShownSv2Client {
  readonly id: number;
  readonly address: Service;
  readonly state: Sv2Row['state'];
  readonly setup: { readonly vendor: string; readonly firmware: string } | undefined;
  readonly connectedAtMs: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly templatesSent: number;
  readonly droppedFrames: number;
  readonly solutions: number;
  readonly lastSolutionAtMs: number | undefined;
}

/** A Stratum V2 server for the dashboard; an `Sv2Connman` is one. */
export interface ShownSv2 extends MeasuredSv2, Pick<SockMan, 'stats'> {
  /** Oldest first. */
  clients(): readonly ShownSv2Client[];
}

/** The totals of a server. */
export function sv2TotalsOf(server: ShownSv2): Sv2Totals {
  const { handshake, setup, confirmed, ready } = server.counts();
  const { handshakes, messages } = server.sv2Stats();
  return {
    clients: { handshake, setup: setup + confirmed, ready },
    handshakes: { ok: handshakes.ok, failed: handshakes.failed },
    received: mostFirst(messages.received),
    sent: mostFirst(messages.sent),
    list: server.clients().slice(0, MAX_LISTED_CLIENTS).map(rowOf),
  };
}

function rowOf(client: ShownSv2Client): Sv2Row {
  const { setup, lastSolutionAtMs } = client;
  return {
    id: client.id,
    address: client.address.toString().slice(0, MAX_TEXT_CHARS),
    state: client.state,
    agent: setup === undefined ? '' : `${setup.vendor} ${setup.firmware}`.trim().slice(0, MAX_TEXT_CHARS),
    since: Math.floor(client.connectedAtMs / 1_000),
    received: client.receivedBytes,
    sent: client.sentBytes,
    templates: client.templatesSent,
    dropped: client.droppedFrames,
    solutions: client.solutions,
    lastSolution: lastSolutionAtMs === undefined ? null : Math.floor(lastSolutionAtMs / 1_000),
  };
}

function mostFirst(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([, a], [, b]) => b - a);
}
