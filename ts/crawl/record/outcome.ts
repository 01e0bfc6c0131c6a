// How a visit to an address can end, each in exactly one way, and the steps that a visit goes through.

/** Every outcome with its meaning. `code` of the record adds detail where there is any. */
export const OUTCOMES = {
  reachable: 'a node of the network: the handshake was completed',
  full: 'accepted, then closed or reset before a byte arrived',
  refused: 'the connection was refused',
  timeout: 'no connection, or no end of the handshake, in time',
  unreachable: 'there is no way to the address',
  'proxy-failed': 'the proxy or SAM bridge is at fault: nothing was learned of the address',
  silent: 'connected, and no `version` came in time',
  'wrong-network': 'a node of another network; `code` names it, or has its magic',
  'not-bitcoin': 'something else; `code` is http, tls, ssh or other',
  'protocol-error': 'what came breaks the protocol; `code` says how',
  disconnected: 'the peer ended the connection during the handshake; `step` says where',
  self: 'ourselves: the `version` was our own',
} as const;

/** One of `OUTCOMES`. */
export type Outcome = keyof typeof OUTCOMES;

/** The steps of a visit, in order. A record's `step` is the one in which the visit ended. */
export const STEPS = ['connect', 'transport', 'version', 'verack', 'addresses', 'done'] as const;

/** One of `STEPS`. */
export type Step = (typeof STEPS)[number];

/** Whether a later visit in the same round may have another outcome. If so, the address is tried again. */
export function mayPass(outcome: Outcome): boolean {
  return outcome === 'full' || outcome === 'timeout' || outcome === 'refused';
}
