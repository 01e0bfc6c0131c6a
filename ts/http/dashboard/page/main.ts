// The page: listens to the node, and shows its state.

import type { AddressBook, Bans, Hello, LogEntry, PeerRow, Snapshot, Sv2Totals, Totals } from '../wire.ts';
import { showBanner, tick } from './banner.ts';
import type { Trouble } from './banner.ts';
import { showDistributions } from './charts/distributions.ts';
import { showEvents } from './event-list.ts';
import { Figures } from './charts/figures.ts';
import { showHeader, showState } from './header.ts';
import { LiveConnection } from './live-connection.ts';
import type { LiveState } from './live-connection.ts';
import { NodeState } from './node-state.ts';
import { PeerTable } from './peers/peer-table.ts';
import { showShares } from './charts/shares.ts';
import { Sv2Section, clientCountOf } from './sv2.ts';
import { startTheme } from './theme.ts';
import { Traffic } from './charts/traffic.ts';

const state = new NodeState();
const figures = new Figures();
const traffic = new Traffic();
const table = new PeerTable();
const stratum = new Sv2Section();
let trouble: Trouble | undefined;
let isDrawing = false;

/** How each event changes the state. */
const TAKE: Readonly<Record<string, (data: unknown) => void>> = {
  hello: (data) => (state.hello = data as Hello),
  snapshot: (data) => {
    state.take(data as Snapshot);
    setState('live');
  },
  totals: (data) => state.takeTotals(data as Totals),
  peers: (data) => state.takeChanges(data as Partial<PeerRow>[]),
  peerAdded: (data) => {
    const row = data as PeerRow;
    state.peers.set(row.id, row);
    table.noteAdded(row.id);
  },
  peerRemoved: (data) => {
    const { id } = data as { id: number };
    const row = state.peers.get(id);
    if (row === undefined) return;
    state.peers.delete(id);
    table.noteRemoved(row);
  },
  addrman: (data) => (state.addrman = data as AddressBook | null),
  bans: (data) => (state.bans = data as Bans | null),
  sv2: (data) => (state.sv2 = data as Sv2Totals | null),
  log: (data) => state.note(data as LogEntry),
};

const connection = new LiveConnection({
  onEvent(name, data) {
    TAKE[name]?.(data);
    drawSoon();
  },
  onDown(down, reason, nextTryMs) {
    const sinceMs = trouble?.sinceMs ?? state.totals?.time ?? Date.now();
    trouble = { state: down, reason, sinceMs, nextTryMs };
    setState(down);
  },
  onSnapshot(snapshot) {
    state.take(snapshot as Snapshot);
    drawSoon();
  },
});

function setState(live: LiveState): void {
  if (live === 'live') trouble = undefined;
  const isEmpty = live === 'live' && countOfConnected() === 0;
  document.documentElement.dataset['state'] = isEmpty ? 'empty' : live;
  showState(live);
  showBanner(trouble, () => connection.connect());
}

/** Peers of the node; with only a Stratum V2 server, its clients. */
function countOfConnected(): number {
  if (state.hello?.shows.node !== false || state.sv2 === null) return state.peers.size;
  return clientCountOf(state.sv2);
}

/** Draws once for all events of a turn. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  // A timer, not an animation frame: a page in the background has no frames, and would show old values when it is opened.
  setTimeout(draw);
}

function draw(): void {
  isDrawing = false;
  if (state.totals === undefined) return;
  if (trouble === undefined) setState('live');
  document.title = `sockman · ${countOfConnected()} connections · ${state.hello?.chain ?? ''}`;
  showHeader(state);
  figures.show(state);
  traffic.show(state);
  showShares(state);
  showDistributions(state);
  table.show(state);
  showEvents(state);
  stratum.show(state);
}

/** The frame before the first snapshot. */
function drawFrame(): void {
  traffic.show(state);
  showShares(state);
  showDistributions(state);
}

drawFrame();
startTheme(() => traffic.redraw());
setInterval(tick, 1_000);
connection.connect();
