// The figures at the top: eight for a node; three if there is only a Stratum V2 server.

import { byId, setParts, setQuantity, setText, unitOf } from '../dom.ts';
import { FigureList } from './figure-list.ts';
import * as format from '../format.ts';
import type { NodeState } from '../node-state.ts';

/** Hidden if there is no node. */
const OF_NODE = 'of-node';

const TITLES = {
  connections: ['Connections', OF_NODE],
  v2: ['V2 transport', OF_NODE],
  ping: ['Ping, median', OF_NODE],
  addresses: ['Known addresses', OF_NODE],
  banned: ['Banned', OF_NODE],
  http: ['HTTP queue'],
  lag: ['Loop lag'],
  carried: ['Carried since start'],
} as const;

export class Figures {
  readonly #list = new FigureList('figures', TITLES);

  show(state: NodeState): void {
    const { totals } = state;
    if (totals === undefined) return;
    const values = {
      ...showPeers(state),
      addresses: showAddresses(state),
      banned: showBans(state),
      http: showHttp(state),
      lag: totals.lag.median,
      carried: totals.received + totals.sent,
    };
    setQuantity(byId('f-lag'), { value: totals.lag.median.toFixed(1), unit: 'ms' });
    setParts(byId('s-lag'), [
      '99 % ',
      [totals.lag.p99.toFixed(1)],
      ' · max ',
      [totals.lag.worst.toFixed(1)],
      '\u202fms',
    ]);
    setQuantity(byId('f-carried'), format.bytes(totals.received + totals.sent));
    const [received, sent] = [format.bytes(totals.received), format.bytes(totals.sent)];
    setParts(byId('s-carried'), [[format.text(received)], ' in · ', [format.text(sent)], ' out']);
    this.#list.add(values, totals.time);
  }
}

function showPeers({ peers, hello }: NodeState): { connections: number; v2: number; ping: number } {
  const rows = [...peers.values()];
  const inbound = rows.filter((row) => row.inbound).length;
  setText(byId('f-connections'), format.count(rows.length));
  if (rows.length === 0) setParts(byId('s-connections'), [[String(hello?.slots.outbound ?? 0)], ' wanted out']);
  else
    setParts(byId('s-connections'), [[format.count(inbound)], ' in · ', [format.count(rows.length - inbound)], ' out']);
  const v2 = rows.filter(({ transport }) => transport === 'v2').length;
  const v1 = rows.filter(({ transport }) => transport === 'v1').length;
  if (v1 + v2 === 0) setText(byId('f-v2'), '–');
  else setQuantity(byId('f-v2'), { value: format.percent(v2, v1 + v2), unit: '%' });
  if (v1 + v2 === 0) setText(byId('s-v2'), 'no peers yet');
  else setParts(byId('s-v2'), [[format.count(v2)], ' v2 · ', [format.count(v1)], ' v1']);
  return {
    connections: rows.length,
    v2: v1 + v2 === 0 ? 0 : v2 / (v1 + v2),
    ping: showPing(rows.map(({ ping }) => ping)),
  };
}

function showPing(pings: readonly (number | null)[]): number {
  const known = pings.filter((ping) => ping !== null);
  const middle = format.median(known);
  if (middle === undefined) {
    setText(byId('f-ping'), '–');
    setText(byId('s-ping'), pings.length === 0 ? 'no peers yet' : 'no answer yet');
    return 0;
  }
  setQuantity(byId('f-ping'), format.milliseconds(middle));
  const least = format.text(format.milliseconds(Math.min(...known)));
  const most = format.text(format.milliseconds(format.quantile(known, 0.9)!));
  setParts(byId('s-ping'), ['min ', [least], ' · 90 % ', [most]]);
  return middle;
}

function showAddresses({ addrman }: NodeState): number {
  if (addrman === null) {
    setText(byId('f-addresses'), '–');
    setText(byId('s-addresses'), 'no address book');
    return 0;
  }
  const total = addrman.new.count + addrman.tried.count;
  setText(byId('f-addresses'), format.count(total));
  setParts(byId('s-addresses'), [
    [format.count(addrman.new.count)],
    ' new · ',
    [format.count(addrman.tried.count)],
    ' tried',
  ]);
  return total;
}

function showBans({ bans }: NodeState): number {
  setText(byId('f-banned'), bans === null ? '–' : format.count(bans.count));
  if (bans === null) setText(byId('s-banned'), 'no list of bans');
  else setParts(byId('s-banned'), [[format.count(bans.discouraged)], ' discouraged']);
  return bans?.count ?? 0;
}

function showHttp({ totals }: NodeState): number {
  const http = totals?.http;
  if (totals === undefined || http === null || http === undefined) {
    setText(byId('f-http'), '–');
    setText(byId('s-http'), 'not told');
    return 0;
  }
  byId('f-http').replaceChildren(format.count(http.queued), unitOf('waiting'));
  const streams = totals.streams === 1 ? ' stream' : ' streams';
  setParts(byId('s-http'), [[format.count(http.running)], ' at work · ', [format.count(totals.streams)], streams]);
  return http.queued;
}
