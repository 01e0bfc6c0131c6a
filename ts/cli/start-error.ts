// A node that cannot start as it was told.

/** Ends a command with 1 and one line, `Error: …`, as `bitcoind` says it: programs that start nodes read that line. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}
