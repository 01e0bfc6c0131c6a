// The planned listeners, derived from the options. (Bitcoin Core src/net.cpp, InitBinds)

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { PERMISSION_FLAGS } from '../node/permission-flags.ts';

/** The suffix of a `bind` that marks the address of an onion service. */
const ONION_SUFFIX = 'onion';

const MAX_PORT = 65_535;

/** Every interface of a family. */
export const ANY_IPV4 = NetAddress.parse('0.0.0.0');
export const ANY_IPV6 = NetAddress.parse('::');
const LOOPBACK_IPV4 = NetAddress.parse('127.0.0.1');

/** Permissions of a listener's peers. */
export interface ListenerPermissions {
  /** Bits of `PERMISSION_FLAGS`. */
  readonly flags: number;
  /** No permission was written: the default ones apply. */
  readonly isImplicit: boolean;
}

/** One listener. */
export interface ListenTarget {
  readonly service: Service;
  readonly permissions: ListenerPermissions;
  /** Connections come from our onion service. */
  readonly isOnion: boolean;
  /** The start fails without it. */
  readonly isRequired: boolean;
}

/** The options of listening. */
export interface ListenPlanOptions {
  readonly bind: readonly string[];
  readonly onionBind: readonly string[];
  readonly whiteBind: readonly { readonly service: Service; readonly permissions: ListenerPermissions }[];
  readonly port: number;
  readonly cjdnsReachable: boolean;
}

/** Listeners to open, and what to tell others. */
export interface ListenPlan {
  /** In the order in which they are to be opened. */
  readonly targets: readonly ListenTarget[];
  /** The port that goes with our own addresses. */
  readonly listenPort: number;
  /** Whether a public listener is on every address of the host, so that those are our own. */
  readonly bindsAny: boolean;
}

const NO_LISTENER_PERMISSIONS: ListenerPermissions = { flags: 0, isImplicit: false };

/**
 * Makes the list of listeners.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a text is not a numeric address, or an address and port come twice.
 */
export function planListening(options: ListenPlanOptions): ListenPlan {
  const { whiteBind, port } = options;
  // After the last port there is none: any port will do, since Tor is told.
  const onionPort = port === 0 || port === MAX_PORT ? 0 : port + 1;
  const bindTexts = options.bind.filter((text) => !text.includes('='));
  const onionTexts = [...options.bind.filter((text) => text.includes('=')).map(onionBindText), ...options.onionBind];
  const binds = bindTexts.map((text) => parseBind(text, port));
  // A node that accepts only onion peers does not want to be found otherwise.
  const usesAny = binds.length === 0 && whiteBind.length === 0 && onionTexts.length === 0;
  const listenPort = explicitPort(bindTexts) ?? openWhiteBind(options)?.service.port ?? port;

  const targets = [
    ...binds.map((service) => plain(service)),
    ...whiteBind.map(({ service, permissions }) => ({ ...plain(service), permissions })),
    ...onionTexts.map((text) => ({ ...plain(parseBind(text, onionPort)), isOnion: true })),
  ];
  if (usesAny) {
    // A host without IPv6 is normal.
    targets.push({ ...plain(new Service(ANY_IPV6, listenPort)), isRequired: false });
    targets.push(plain(new Service(ANY_IPV4, listenPort)));
  }
  if (onionTexts.length === 0 && binds.length === 0) {
    targets.push({ ...plain(new Service(LOOPBACK_IPV4, onionPort)), isOnion: true });
  }
  const flipped = targets.map((target) =>
    options.cjdnsReachable ? { ...target, service: target.service.toCJDNSIfInRange() } : target,
  );
  refuseRepeated(flipped);
  const bindsAny = flipped.some(({ isOnion, service }) => !isOnion && service.address.isBindAny());
  return { targets: flipped, listenPort, bindsAny };
}

function plain(service: Service): ListenTarget {
  return { service, permissions: NO_LISTENER_PERMISSIONS, isOnion: false, isRequired: true };
}

function onionBindText(text: string): string {
  const [address, suffix] = text.split('=');
  if (suffix !== ONION_SUFFIX || text.split('=').length > 2)
    throw invalidArg('bind', 'nothing but =onion behind it', text);
  return address!;
}

function parseBind(text: string, defaultPort: number): Service {
  const service = Service.tryParse(text, defaultPort);
  if (service === undefined || service.unixPath !== undefined || !isBindable(service.address)) {
    throw invalidArg('bind', 'a numeric IPv4 or IPv6 address with or without port', text);
  }
  return service;
}

function isBindable(address: NetAddress): boolean {
  return address.isIPv4() || address.isIPv6() || address.isCJDNS();
}

/** The port of the first text that has one. */
function explicitPort(texts: readonly string[]): number | undefined {
  for (const text of texts) {
    const service = Service.tryParse(text);
    if (service !== undefined) return service.port;
  }
  return undefined;
}

/** The first whitelisted listener that may be public. */
function openWhiteBind({ whiteBind }: ListenPlanOptions): ListenPlanOptions['whiteBind'][number] | undefined {
  return whiteBind.find(({ permissions }) => (permissions.flags & PERMISSION_FLAGS.noban) !== PERMISSION_FLAGS.noban);
}

function refuseRepeated(targets: readonly ListenTarget[]): void {
  const seen = new Set<string>();
  for (const { service } of targets) {
    const text = String(service);
    // Port 0 is another port each time.
    if (seen.has(text) && service.port !== 0) throw invalidArg('bind', 'each address and port once', text);
    seen.add(text);
  }
}
