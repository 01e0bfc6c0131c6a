// An error of a node that cannot start.

/** Ends a command with code 1 and one line, `Error: …`, like `bitcoind`: programs that start nodes read that line. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}
