// The introduction of a peer that a test plays by hand.

import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../../ts/p2p/messages/version.ts';

export const VERSION = encodeMessage({
  type: 'version',
  protocolVersion: 70_017,
  services: 9n,
  timeSeconds: 1_700_000_000,
  receiver: NO_VERSION_ADDRESS,
  sender: NO_VERSION_ADDRESS,
  nonce: 1n,
  userAgent: '/by hand/',
  startHeight: 0,
  relay: true,
});
