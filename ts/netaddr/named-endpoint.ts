// A host name and a port: an endpoint without a fixed address. Looked up where a resolver may be asked.

import { hasOverlaySuffix } from './text/overlay-text.ts';
import { splitHostPort } from './text/split-host-port.ts';

/** Longest name that DNS knows, in characters. (RFC 1035, section 2.3.4) */
const MAX_NAME_LENGTH = 253;

/** Labels of letters, digits, `-` and `_`, as containers are called; the last has a letter, or it would be an address. */
const HOST_NAME = /^(?:[a-z0-9_-]+\.)*[0-9_-]*[a-z][a-z0-9_-]*\.?$/i;

/** A name and a port. */
export class NamedEndpoint {
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  toString(): string {
    return `${this.host}:${this.port}`;
  }
}

/**
 * Reads `name` or `name:port`.
 *
 * @param defaultPort - The port of a text without one.
 * @returns Undefined if it is not a name: a misspelt address above all, or a name of an overlay network, which no resolver
 * may see (RFC 7686).
 */
export function parseNamedEndpoint(text: string, defaultPort: number): NamedEndpoint | undefined {
  const { host, port, isValid } = splitHostPort(text, defaultPort);
  const isName = host.length <= MAX_NAME_LENGTH && HOST_NAME.test(host) && !hasOverlaySuffix(host);
  return isName && isValid ? new NamedEndpoint(host, port) : undefined;
}
