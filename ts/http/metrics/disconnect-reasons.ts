// Classes of disconnect reasons: the sentences of `disconnectReason` are for people, and far too many for labels.

/** Values of the label `reason`. */
export type DisconnectClass =
  'peer' | 'misbehaving' | 'banned' | 'timeout' | 'evicted' | 'network_inactive' | 'manual' | 'handshake' | 'other';

/** In this order; the first match is used. */
const PATTERNS: readonly (readonly [RegExp, DisconnectClass])[] = [
  [/^evicted/, 'evicted'],
  [/^the network is off/, 'network_inactive'],
  [/\bban/, 'banned'],
  [/^disconnected by|^disconnectnode/, 'manual'],
  [/timeout|took too long|: no answer|^headers do not come|^socket no message in first/, 'timeout'],
  [/^the peer closed|^receive failed|^send failed/, 'peer'],
];

/**
 * The class of a connection's end.
 *
 * @param reason - `disconnectReason` of the node.
 * @param isMisbehaving - Whether the message processor reported misbehaviour.
 * @param wasReady - Whether its handshake was done.
 */
export function disconnectClass(reason: string, isMisbehaving: boolean, wasReady: boolean): DisconnectClass {
  if (isMisbehaving) return 'misbehaving';
  const found = PATTERNS.find(([pattern]) => pattern.test(reason))?.[1];
  return found ?? (wasReady ? 'other' : 'handshake');
}
