// The top line: version and chain, uptime, listening addresses; and whether the page is live.

import { byId, el, setText, unitOf } from './dom.ts';
import type { LiveState } from './live-connection.ts';
import type { NodeState } from './node-state.ts';

const WORDS: Readonly<Record<LiveState, string>> = {
  loading: 'Connecting…',
  live: 'Live',
  disconnected: 'Reconnecting…',
  error: 'Not live',
  shutdown: 'Stopped',
};

/** Longest address that is shown in full, in characters. */
const MAX_ADDRESS_CHARS = 28;

export function showState(state: LiveState): void {
  setText(byId('live'), WORDS[state]);
}

export function showHeader({ hello, totals }: NodeState): void {
  if (hello === undefined || totals === undefined) return;
  setText(byId('chain'), hello.chain);
  setText(byId('version'), hello.version);
  showUptime(Math.max(0, totals.time - hello.started) / 1_000);
  setText(byId('active'), totals.active ? 'on' : 'off');
  const list = byId('listening');
  const addresses = totals.listening.length === 0 ? ['nowhere'] : totals.listening;
  if (list.dataset['shown'] === addresses.join()) return;
  list.dataset['shown'] = addresses.join();
  for (const old of list.querySelectorAll('dd')) old.remove();
  list.append(...addresses.map((address) => el('dd', { class: 'mono', title: address }, shortened(address))));
}

/** A shortened address with both ends readable. */
export function shortened(address: string, most = MAX_ADDRESS_CHARS): string {
  if (address.length <= most) return address;
  const end = Math.floor(most / 2) + 1;
  return `${address.slice(0, most - end - 1)}…${address.slice(-end)}`;
}

function showUptime(seconds: number): void {
  const days = Math.floor(seconds / 86_400);
  const parts: readonly (readonly [number, string])[] = [
    [days, 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  // From an hour on, seconds are left out: they would move everything after them.
  const shown = seconds >= 3_600 ? parts.slice(days > 0 ? 0 : 1, 3) : parts.slice(2);
  const words = shown.flatMap(([value, unit], at) => [
    at > 0 ? ` ${String(value).padStart(2, '0')}` : String(value),
    unitOf(unit),
  ]);
  byId('uptime').replaceChildren(...words);
}
