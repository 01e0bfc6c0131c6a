// The dials to peers that the user named: each failure is reported once, not at every try, and whether any connection was
// made decides the exit code.

import type { Connman } from '../../connman/connman.ts';

/** Watches the dials of one node. */
export class DialReport {
  /** The last failure of each peer. It holds only peers that the user named. */
  readonly #told = new Map<string, string>();
  #hasConnected = false;

  /** @param tell - Called with a readable line. */
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

  /** Whether any dial succeeded. */
  get hasConnected(): boolean {
    return this.#hasConnected;
  }
}
