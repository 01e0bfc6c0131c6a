// One row of the peer table. A cell is written only if it changed.

import type { PeerRow } from '../../wire.ts';
import { el } from '../dom.ts';
import { networkWord } from '../networks.ts';
import { COLUMNS } from './peer-columns.ts';

/** ARIA index of the first body row: the header is row 1. */
const FIRST_INDEX = 2;

/** A row that is, or was, in the document. */
export class PeerRowView {
  readonly element: HTMLElement;
  readonly #cells: HTMLElement[];
  readonly #texts: string[];

  constructor(id: number) {
    this.#cells = COLUMNS.map(({ classes }) => el('td', { role: 'cell', class: classes }));
    this.#texts = COLUMNS.map(() => '');
    this.element = el('tr', { role: 'row', tabindex: -1, 'aria-expanded': false, 'data-id': id }, ...this.#cells);
  }

  /** @param now - Seconds since 1970. */
  show(row: PeerRow, index: number, isOpen: boolean, now: number): void {
    this.element.setAttribute('aria-rowindex', String(index + FIRST_INDEX));
    this.element.setAttribute('aria-expanded', String(isOpen));
    for (const [at, column] of COLUMNS.entries()) {
      const text = column.text(row, now);
      if (text === this.#texts[at]) continue;
      this.#texts[at] = text;
      const cell = this.#cells[at]!;
      if (column.nodes === undefined) cell.textContent = text;
      else cell.replaceChildren(...column.nodes(row, now));
      if (column.tip !== undefined) cell.title = column.tip(row);
      if (column.key === 'address') cell.className = `${column.classes} ${networkWord(row.network)}`;
    }
  }
}
