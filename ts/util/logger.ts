// The logger that every part takes as an argument. Nothing in this package prints by itself.

/** Where log lines go. `console` fits. Text that came from a peer is cut and escaped before it gets here. */
export interface Logger {
  /** For programmers: one line about what happened. */
  debug(message: string): void;
  /** For the person who runs the program. */
  info(message: string): void;
  /** Something is not as it should be, and the program goes on. */
  warn(message: string): void;
  /** Something failed that somebody should mend. */
  error(message: string): void;
}

/**
 * A logger whose debug lines begin with a category in brackets, as Bitcoin Core's do: `[net] …`. Lines that everybody is
 * meant to read have none.
 */
export function withCategory(logger: Logger, category: string): Logger {
  if (logger === silentLogger) return logger;
  return {
    debug: (message) => logger.debug(`[${category}] ${message}`),
    info: (message) => logger.info(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}

/** Drops everything: the default. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
