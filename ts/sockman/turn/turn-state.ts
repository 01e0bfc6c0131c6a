// State that the parts of one turn loop share, read with each record.

/** Written by the loop alone. */
export class TurnState {
  /** Callbacks are running: new requests are served before the turn ends. */
  isInTurn = false;
  /** Callbacks have ended for good. */
  isStopped = false;
}
