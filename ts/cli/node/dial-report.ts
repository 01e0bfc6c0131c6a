// What becomes of the peers that a user named: each failure is told once, not at every try, and whether there ever was a
// connection decides the exit code.

import type { Connman } from '../../connman/connman.ts';

/** Watches the dials of one node. */
export class DialReport {
  /** The last failure of each peer. Only peers that the user named are in it. */
  readonly #told = new Map<string, string>();
  #hasConnected = false;

  /** @param tell - Called with a line for people. */
  constructor(node: Connman, tell: (line: string, target: string, errmsg: string) => void) {
    node.on('failedConnection', ({ target, errmsg, connectionType }) => {
      if (connectionType !== 'manual' || this.#told.get(target) === errmsg) return;
      this.#told.set(target, errmsg);
      tell(`${target} cannot be reached: ${errmsg}`, target, errmsg);
    });
    node.on('outboundConnection', ({ addrName, dest }) => {
      this.#hasConnected = true;
      this.#told.delete(dest ?? addrName);
    });
  }

  /** Whether a dial ever came about. */
  get hasConnected(): boolean {
    return this.#hasConnected;
  }
}
