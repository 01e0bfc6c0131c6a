// The peer table. Of thousands of rows only the visible ones are in the document: every row has the same height, an open one
// a fixed extra, so that a row's position is a multiplication.
//
// It is one stop for the Tab key: arrows go up and down, Enter opens, Escape closes. The order changes at most every two
// seconds, and never while somebody points at a row or has the focus in one.

import type { PeerDetail, PeerRow } from '../../wire.ts';
import { byId, el, setText } from '../dom.ts';
import * as format from '../format.ts';
import type { NodeState } from '../node-state.ts';
import { COLUMNS } from './peer-columns.ts';
import { detailElement, fetchDetail } from './peer-detail.ts';
import { nextSorting, ordered } from './peer-order.ts';
import type { Filtering, Sorting } from './peer-order.ts';
import { PeerRowView } from './peer-row.ts';

/** Rows drawn beyond the visible ones, each way. */
const OVERSCAN = 10;

/** Interval between changes of the order, and between fetches for the open row, in milliseconds. */
const SORT_INTERVAL_MS = 2_000;
const DETAIL_INTERVAL_MS = 2_000;

/** How long a disconnected peer's row stays, struck through, in milliseconds. */
const GONE_MS = 2_000;

/** Placeholder rows while the page loads. */
const SKELETON_ROWS = 17;

export class PeerTable {
  readonly #box = byId('peer-scroll');
  readonly #table = byId('peer-table') as HTMLTableElement;
  readonly #body = byId('peer-rows');
  readonly #above = gap();
  readonly #below = gap();
  readonly #more = el('td', { role: 'cell', colspan: COLUMNS.length });
  readonly #moreRow = el('tr', { class: 'more', role: 'row' }, this.#more);
  readonly #views = new Map<number, PeerRowView>();
  readonly #gone = new Map<number, PeerRow>();
  #state: NodeState | undefined;
  #rows: readonly PeerRow[] = [];
  #sorting: Sorting = { key: 'received', isAscending: false };
  #filtering: Filtering = { kind: 'all', words: '' };
  #sortedAt = -Infinity;
  #currentId: number | undefined;
  #openId: number | undefined;
  #detail: PeerDetail | undefined;
  #askedAt = -Infinity;
  #isPointedAt = false;

  constructor() {
    this.#makeHead();
    this.#box.addEventListener('scroll', () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.#box);
    this.#body.addEventListener('pointerenter', () => (this.#isPointedAt = true));
    this.#body.addEventListener('pointerleave', () => (this.#isPointedAt = false));
    this.#body.addEventListener('keydown', (event) => this.#pressed(event));
    this.#body.addEventListener('click', (event) => this.#clicked(event));
    this.#body.addEventListener('focusin', (event) => this.#focused(event));
    this.#listenToFilters();
    this.#body.replaceChildren(...Array.from({ length: SKELETON_ROWS }, skeletonRow));
  }

  /** Shows the current state. */
  show(state: NodeState): void {
    if (this.#state === undefined) this.#body.replaceChildren(this.#above, this.#below);
    this.#state = state;
    const isHeld = this.#isPointedAt || this.#body.contains(document.activeElement);
    const now = performance.now();
    if (!isHeld && now - this.#sortedAt >= SORT_INTERVAL_MS - 100) this.#sort();
    else this.#refresh();
    this.#draw();
    if (this.#openId !== undefined && now - this.#askedAt >= DETAIL_INTERVAL_MS - 100) void this.#ask(this.#openId);
  }

  /** A peer connected: its row is highlighted for a moment. */
  noteAdded(id: number): void {
    const view = new PeerRowView(id);
    view.element.classList.add('new');
    this.#views.set(id, view);
  }

  /** A peer disconnected: its row stays for a moment. */
  noteRemoved(row: PeerRow): void {
    this.#gone.set(row.id, row);
    setTimeout(() => {
      this.#gone.delete(row.id);
      this.#views.delete(row.id);
      if (this.#openId === row.id) this.#close();
      this.#refresh();
      this.#draw();
    }, GONE_MS);
  }

  // ---- Order --------------------------------------------------------------------------------------------------------

  #sort(): void {
    if (this.#state === undefined) return;
    this.#sortedAt = performance.now();
    const anchor = this.#box.scrollTop > 0 ? this.#rows[this.#firstInSight()] : undefined;
    const offset = anchor === undefined ? 0 : this.#box.scrollTop - this.#offsetOf(this.#rows.indexOf(anchor));
    this.#rows = ordered(this.#all(), this.#sorting, this.#filtering);
    const at = anchor === undefined ? -1 : this.#rows.findIndex(({ id }) => id === anchor.id);
    if (at !== -1) this.#box.scrollTop = this.#offsetOf(at) + offset;
    this.#tellCounts();
  }

  /** New values in the old order; new peers come last, and rows whose time is over go. */
  #refresh(): void {
    if (this.#state === undefined) return;
    const left = new Map(ordered(this.#all(), this.#sorting, this.#filtering).map((row) => [row.id, row]));
    const rows: PeerRow[] = [];
    for (const { id } of this.#rows) {
      const row = left.get(id);
      if (row !== undefined) rows.push(row);
      left.delete(id);
    }
    this.#rows = [...rows, ...left.values()];
    this.#tellCounts();
  }

  *#all(): IterableIterator<PeerRow> {
    yield* this.#state!.peers.values();
    for (const row of this.#gone.values()) if (!this.#state!.peers.has(row.id)) yield row;
  }

  #tellCounts(): void {
    const { peers, hello, totals } = this.#state!;
    const shown = this.#rows.filter(({ id }) => peers.has(id)).length;
    setText(
      byId('peer-count'),
      peers.size === 0 ? 'none' : `${format.count(shown)} of ${format.count(peers.size)} shown`,
    );
    this.#table.setAttribute('aria-rowcount', String(this.#rows.length + 1));
    byId('no-peers').hidden = peers.size > 0 || this.#rows.length > 0;
    byId('no-match').hidden = peers.size === 0 || this.#rows.length > 0;
    if (peers.size > 0 || hello === undefined || totals === undefined) return;
    const age = format.text(format.duration((totals.time - hello.started) / 1_000));
    const wanted = hello.slots.outbound;
    const next = totals.active ? 'The first peer usually comes within 30\u202fs.' : 'Its network is switched off.';
    setText(byId('no-peers-words'), `The node started ${age} ago. It has 0 of ${wanted} outbound connections. ${next}`);
  }

  // ---- Drawing ------------------------------------------------------------------------------------------------------

  /** Height of a row, in pixels, and how many of them an open row adds. */
  #sizes(): { row: number; more: number } {
    const style = getComputedStyle(document.documentElement);
    const row = Number.parseFloat(style.getPropertyValue('--row')) || 28;
    return { row, more: row * (Number.parseFloat(style.getPropertyValue('--more')) || 6) };
  }

  #openIndex(): number {
    return this.#openId === undefined ? -1 : this.#rows.findIndex(({ id }) => id === this.#openId);
  }

  #offsetOf(index: number): number {
    const { row, more } = this.#sizes();
    const open = this.#openIndex();
    return index * row + (open !== -1 && index > open ? more : 0);
  }

  #indexAt(y: number): number {
    const { row, more } = this.#sizes();
    const open = this.#openIndex();
    if (open === -1 || y < (open + 1) * row) return Math.floor(y / row);
    return Math.max(open, Math.floor((y - more) / row));
  }

  #firstInSight(): number {
    return Math.min(Math.max(0, this.#indexAt(this.#box.scrollTop)), Math.max(0, this.#rows.length - 1));
  }

  #draw(): void {
    if (this.#state === undefined) return;
    const { nowSeconds } = this.#state;
    const { row, more } = this.#sizes();
    const open = this.#openIndex();
    const first = Math.max(0, this.#firstInSight() - OVERSCAN);
    const last = Math.min(
      this.#rows.length,
      this.#indexAt(this.#box.scrollTop + this.#box.clientHeight) + 1 + OVERSCAN,
    );
    const isOpenAbove = open !== -1 && open < first;
    const isOpenBelow = open >= last;
    this.#above.style.height = `${first * row + (isOpenAbove ? more : 0)}px`;
    this.#below.style.height = `${(this.#rows.length - last) * row + (isOpenBelow ? more : 0)}px`;
    const wanted: Element[] = [this.#above];
    const inSight = new Set<number>();
    const current = this.#currentIn(first, last);
    for (let at = first; at < last; at++) {
      const peer = this.#rows[at]!;
      const view = this.#viewOf(peer.id);
      view.show(peer, at, at === open, nowSeconds);
      view.element.classList.toggle('gone', !this.#state.peers.has(peer.id));
      view.element.tabIndex = peer.id === current ? 0 : -1;
      inSight.add(peer.id);
      wanted.push(view.element);
      if (at === open) wanted.push(this.#moreRow);
    }
    wanted.push(this.#below);
    arrange(this.#body, wanted);
    for (const id of this.#views.keys()) if (!inSight.has(id)) this.#views.delete(id);
  }

  /** The row that Tab reaches: the last focused one, or the first visible one. */
  #currentIn(first: number, last: number): number | undefined {
    const rows = this.#rows.slice(first, last);
    return (rows.find(({ id }) => id === this.#currentId) ?? this.#rows[this.#firstInSight()])?.id;
  }

  #viewOf(id: number): PeerRowView {
    let view = this.#views.get(id);
    if (view === undefined) this.#views.set(id, (view = new PeerRowView(id)));
    return view;
  }

  // ---- Keys, clicks, the open row -----------------------------------------------------------------------------------

  #pressed(event: KeyboardEvent): void {
    const id = idOf(event.target);
    if (id === undefined) return;
    const at = this.#rows.findIndex((row) => row.id === id);
    const page = Math.max(1, Math.floor(this.#box.clientHeight / this.#sizes().row) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this.#rows.length - 1,
    };
    const to = steps[event.key];
    if (event.key === 'Enter' || event.key === ' ') this.#toggle(id);
    else if (event.key === 'Escape') this.#close();
    else if (to !== undefined) this.#moveTo(Math.min(Math.max(0, to), this.#rows.length - 1));
    else return;
    event.preventDefault();
  }

  #moveTo(index: number): void {
    const { row } = this.#sizes();
    const top = this.#offsetOf(index);
    const head = this.#table.tHead?.offsetHeight ?? 0;
    const height = this.#box.clientHeight - head;
    if (top < this.#box.scrollTop) this.#box.scrollTop = top;
    else if (top + row > this.#box.scrollTop + height) this.#box.scrollTop = top + row - height;
    this.#currentId = this.#rows[index]!.id;
    this.#draw();
    this.#views.get(this.#currentId)?.element.focus({ preventScroll: true });
  }

  #clicked(event: Event): void {
    const id = idOf(event.target);
    if (id !== undefined) this.#toggle(id);
  }

  #focused(event: Event): void {
    const id = idOf(event.target);
    if (id === undefined || id === this.#currentId) return;
    this.#currentId = id;
    this.#draw();
  }

  #toggle(id: number): void {
    if (this.#openId === id) return this.#close();
    this.#openId = id;
    this.#showDetail(undefined);
    this.#draw();
    void this.#ask(id);
  }

  #close(): void {
    this.#openId = undefined;
    this.#draw();
  }

  async #ask(id: number): Promise<void> {
    this.#askedAt = performance.now();
    const detail = await fetchDetail(id);
    // Without an answer the last details stay: the node may be unreachable.
    if (id === this.#openId && detail !== undefined) this.#showDetail(detail);
  }

  #showDetail(detail: PeerDetail | undefined): void {
    if (detail !== undefined && JSON.stringify(detail) === JSON.stringify(this.#detail)) return;
    this.#detail = detail;
    this.#more.replaceChildren(detailElement(this.#openId!, detail));
  }

  // ---- Head and filters ---------------------------------------------------------------------------------------------

  #makeHead(): void {
    byId('peer-columns').replaceChildren(...COLUMNS.map(({ width }) => el('col', { class: width })));
    const headings = COLUMNS.map(({ key, title, hint, classes }) => {
      const button = el('button', { type: 'button', title: hint }, title);
      button.addEventListener('click', () => this.#sortBy(nextSorting(this.#sorting, key)));
      const isNumber = classes.split(' ').includes('num');
      return el('th', { role: 'columnheader', scope: 'col', class: isNumber ? 'num' : '', 'data-key': key }, button);
    });
    byId('peer-head').replaceChildren(...headings);
    byId('sort').addEventListener('change', (event) => {
      const key = (event.target as HTMLSelectElement).value;
      this.#sortBy(nextSorting({ key: '', isAscending: false }, key));
    });
    this.#markSorting();
  }

  #sortBy(sorting: Sorting): void {
    this.#sorting = sorting;
    this.#box.scrollTop = 0;
    this.#markSorting();
    this.#sort();
    this.#draw();
  }

  #markSorting(): void {
    const { key, isAscending } = this.#sorting;
    for (const heading of byId('peer-head').children) {
      if ((heading as HTMLElement).dataset['key'] !== key) heading.removeAttribute('aria-sort');
      else heading.setAttribute('aria-sort', isAscending ? 'ascending' : 'descending');
    }
    (byId('sort') as HTMLSelectElement).value = key;
  }

  #listenToFilters(): void {
    const buttons = [...byId('filters').querySelectorAll('button')];
    const find = byId('find') as HTMLInputElement;
    const press = (kind: string): void => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other.textContent === kind));
      this.#filterBy({ ...this.#filtering, kind });
    };
    for (const button of buttons) button.addEventListener('click', () => press(button.textContent));
    find.addEventListener('input', () =>
      this.#filterBy({ ...this.#filtering, words: find.value.trim().toLowerCase() }),
    );
    byId('show-all').addEventListener('click', () => {
      find.value = '';
      this.#filtering = { kind: 'all', words: '' };
      press('all');
      find.focus();
    });
  }

  #filterBy(filtering: Filtering): void {
    this.#filtering = filtering;
    this.#box.scrollTop = 0;
    this.#sort();
    this.#draw();
  }
}

/** The peer whose row an event belongs to. */
function idOf(target: EventTarget | null): number | undefined {
  const row = (target as Element | null)?.closest<HTMLElement>('tr[data-id]');
  return row === null || row === undefined ? undefined : Number(row.dataset['id']);
}

/** A spacer for the rows that are not in the document. */
function gap(): HTMLElement {
  return el('tr', { class: 'gap', 'aria-hidden': true });
}

function skeletonRow(): HTMLElement {
  return el('tr', { 'aria-hidden': true }, ...COLUMNS.map(({ classes }) => el('td', { class: classes }, '\u00a0')));
}

/** Gives an element exactly these children, in this order; those already in place are not touched, and keep the focus. */
function arrange(parent: Element, wanted: readonly Element[]): void {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}
