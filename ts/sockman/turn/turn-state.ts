// What the parts of one turn loop must know of it, read with each record.

/** Written by the loop alone. */
export class TurnState {
  /** Callbacks are running: what is asked for now is done before the turn ends. */
  isInTurn = false;
  /** No callback comes any more. */
  isStopped = false;
}
