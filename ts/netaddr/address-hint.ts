// Suggests a valid form for an address in an invalid one.

import { NetAddress } from './net-address.ts';
import { splitHostPort } from './text/split-host-port.ts';

const PORT_ONLY = /^(\*?:)?(\d{1,5})$/;
const SCHEME = /^[a-z][a-z+.-]*:\/\/([^/]+)/i;

/** Longest text that is examined, in characters: a name has up to 253. */
const MAX_TEXT_CHARS = 300;

/** The valid form, as the end of a sentence; empty if it is unclear. */
export function addressHint(text: string): string {
  if (text.length > MAX_TEXT_CHARS) return '';
  const [isPort, anyInterface, port] = PORT_ONLY.exec(text) ?? [];
  if (isPort !== undefined) {
    const everywhere = `'0.0.0.0:${port}' or '[::]:${port}' for every interface`;
    return anyInterface === undefined ? `'127.0.0.1:${port}' for this machine alone, ${everywhere}` : everywhere;
  }
  if (/^\.{0,2}\//.test(text)) return `'unix:${text}' for a Unix-domain socket`;
  const rest = SCHEME.exec(text)?.[1];
  if (rest !== undefined) return `'${rest}', without the scheme`;
  return hostHint(text);
}

function hostHint(text: string): string {
  const { host, port, isValid } = splitHostPort(text, -1);
  const portText = port === -1 ? 'PORT' : String(port);
  if (!isValid && port === -1) return 'ports are 0 to 65535';
  if (host === 'localhost') return `'127.0.0.1:${portText}' or '[::1]:${portText}'; names are never looked up`;
  const address = NetAddress.tryParse(host);
  if (address !== undefined) {
    return address.network === 'ipv6' ? `'[${host}]:${portText}'` : `'${host}:${portText}'`;
  }
  if (host.includes('%')) return `there is no interface '${host.slice(host.indexOf('%') + 1)}' here`;
  if (!/^[\p{L}\d_][\p{L}\d._-]*$/u.test(host) || !/\p{L}/u.test(host)) return '';
  const named = `{ host: '${host}', port: ${portText} }`;
  return `names are never looked up: an address such as '192.0.2.1:${portText}', or ${named} for a dial through a proxy`;
}
