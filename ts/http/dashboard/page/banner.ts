// The banner while the page is not live: since when, why, and when it tries again.
//
// It is announced when it appears; the seconds in it are not.

import { byId, el, setText, svg } from './dom.ts';
import { clockTime } from './format.ts';
import type { LiveState } from './live-connection.ts';

/** Why and since when. */
export interface Trouble {
  readonly state: Exclude<LiveState, 'loading' | 'live'>;
  /** The node's words. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly nextTryMs: number;
}

let shown: Trouble | undefined;
let countdown: HTMLElement | undefined;

/** @param onRetry - Called when the button is pressed. */
export function showBanner(trouble: Trouble | undefined, onRetry: () => void): void {
  const banner = byId('banner');
  const isNew = trouble?.state !== shown?.state || trouble?.reason !== shown?.reason;
  shown = trouble;
  if (trouble === undefined) {
    banner.hidden = true;
    banner.replaceChildren();
    countdown = undefined;
  } else if (isNew) {
    countdown = el('span', { 'aria-live': 'off' });
    const button = el('button', { type: 'button' }, 'Try now');
    button.addEventListener('click', onRetry);
    banner.hidden = false;
    banner.replaceChildren(...wordsOf(trouble), countdown, button);
  }
  tick();
}

/** A second passed. */
export function tick(): void {
  if (shown === undefined || countdown === undefined) return;
  const now = Date.now();
  const seconds = Math.max(0, Math.ceil((shown.nextTryMs - now) / 1_000));
  const next = seconds > 0 ? `next try in ${seconds}\u202fs.` : 'trying now.';
  const age = Math.round((now - shown.sinceMs) / 1_000);
  if (shown.state === 'disconnected')
    setText(countdown, ` The values below are from then, ${age}\u202fs ago. Reconnecting, ${next}`);
  else if (shown.state === 'error') setText(countdown, ` The values below are a snapshot; ${next}`);
  else setText(countdown, ` These are its last values. This page reconnects when it is back; ${next}`);
}

function wordsOf({ state, reason, sinceMs }: Trouble): Element[] {
  if (state === 'shutdown') return [el('b', {}, 'The node is shutting down.')];
  if (state === 'error') return [exclamation(), el('b', {}, `The node refused the stream: ${reason.trim()}.`)];
  return [ring(), el('b', {}, `Connection to the node lost at ${clockTime(sinceMs)}.`)];
}

const sign = (...marks: readonly SVGElement[]): SVGElement =>
  svg('svg', { width: 14, height: 14, viewBox: '0 0 14 14', 'aria-hidden': true }, ...marks);

function ring(): SVGElement {
  const look = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'stroke-dasharray': '3 2.5' };
  return sign(svg('circle', { cx: 7, cy: 7, r: 6, ...look }));
}

function exclamation(): SVGElement {
  return sign(svg('path', { d: 'M7 1v7M7 11v2', stroke: 'currentColor', 'stroke-width': 2 }));
}
