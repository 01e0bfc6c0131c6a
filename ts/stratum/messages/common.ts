// Messages that all protocols of Stratum V2 share: setting up a connection and moving it elsewhere.
//
// Source: Stratum V2 specification, sections 3.6 and 4.

import { STR0_255, U16, U32, U8, struct } from './data-types.ts';

/** The protocols that a client may ask for in `SetupConnection`. */
export const SV2_PROTOCOLS = { mining: 0, jobDeclaration: 1, templateDistribution: 2 } as const;

/** The only version of the protocol. */
export const SV2_VERSION = 2;

/** Why a server refuses a connection. */
export const SETUP_ERRORS = ['unsupported-feature-flags', 'unsupported-protocol', 'protocol-version-mismatch'] as const;
/** One of `SETUP_ERRORS`. */
export type SetupError = (typeof SETUP_ERRORS)[number];

/** Client to server, once, as the first message. `flags` request features; template distribution has none. */
export const setupConnection = struct({
  protocol: U8,
  minVersion: U16,
  maxVersion: U16,
  flags: U32,
  endpointHost: STR0_255,
  endpointPort: U16,
  vendor: STR0_255,
  hardwareVersion: STR0_255,
  firmware: STR0_255,
  deviceId: STR0_255,
});

export const setupConnectionSuccess = struct({ usedVersion: U16, flags: U32 });

/** The server closes the connection after it. `flags` are those it does not support, 0 for another reason. */
export const setupConnectionError = struct({ flags: U32, errorCode: STR0_255 });

export const channelEndpointChanged = struct({ channelId: U32 });

/** Asks the client to reconnect, with the same authority key. Empty host and port 0 keep the current ones. */
export const reconnect = struct({ newHost: STR0_255, newPort: U16 });
