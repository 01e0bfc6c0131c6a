// The logger that every part takes as an argument. Nothing in this package prints by itself.

/** The target of log lines. `console` fits. Text from peers is cut and escaped before it gets here. */
export interface Logger {
  /** For programmers: one line about what happened. */
  debug(message: string): void;
  /** For the person who runs the program. */
  info(message: string): void;
  /** Something is wrong, but the program goes on. */
  warn(message: string): void;
  /** Something failed and needs attention. */
  error(message: string): void;
}

/**
 * A logger whose debug lines begin with a category in brackets, as Bitcoin Core's do: `[net] …`. Lines for every user have
 * none.
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
