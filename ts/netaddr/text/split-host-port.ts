// Splits `host:port`. (Bitcoin Core src/util/strencodings.cpp, SplitHostPort)

/** The result of `splitHostPort`. */
export interface HostPort {
  /** The host, without the brackets around an IPv6 address; may be empty, may be a name. */
  host: string;
  /** The port in the text, or the default. */
  port: number;
  /** False if there is a port that is 0 or malformed. */
  isValid: boolean;
}

const PLAIN_DECIMAL = /^\d+$/;
const MAX_PORT = 65_535;

/**
 * Splits `host`, `host:port`, `[host]` or `[host]:port`.
 *
 * The last colon starts a port if it is the first character, follows `[...]`, or is the only colon. A port is plain decimal;
 * 0 is returned as port 0 but is not valid. With a malformed port the whole text is the host, with the default port, and is
 * not valid.
 *
 * @param defaultPort - The port to return if the text has none.
 */
export function splitHostPort(text: string, defaultPort: number = 0): HostPort {
  const colon = text.lastIndexOf(':');
  const isBracketed = text.startsWith('[') && text[colon - 1] === ']';
  const hasPort = colon === 0 || (colon > 0 && (isBracketed || text.indexOf(':') === colon));
  if (!hasPort) return { host: withoutBrackets(text), port: defaultPort, isValid: true };

  const digits = text.slice(colon + 1);
  if (!PLAIN_DECIMAL.test(digits) || Number(digits) > MAX_PORT) {
    return { host: withoutBrackets(text), port: defaultPort, isValid: false };
  }
  const port = Number(digits);
  return { host: withoutBrackets(text.slice(0, colon)), port, isValid: port !== 0 };
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
