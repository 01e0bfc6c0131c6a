// The logger that every part takes as an argument. Nothing in this package prints by itself.

/** Where log lines go. `console` fits. Text that came from a peer is cut and escaped before it gets here. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Drops everything: the default. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
