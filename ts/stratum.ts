// The entry point `sockman/stratum`: Stratum V2's template distribution, server and client. Re-exports only.

export { Sv2Connman } from './stratum/server/sv2-connman.ts';
export type { ClientCounts, Sv2ConnmanOptions, Sv2ServerStats } from './stratum/server/sv2-connman.ts';
export type { ClientSetup, ClientState, Sv2ServedClient } from './stratum/server/served-client.ts';
export type { Solution, TemplateHandler, TransactionDataAnswer } from './stratum/server/template-handler.ts';
export { Sv2Client } from './stratum/client/sv2-client.ts';
export type { Sv2ClientEvents, Sv2ClientOptions } from './stratum/client/sv2-client.ts';
export { TemplateProvider } from './stratum/templates/template-provider.ts';
export type { TemplateProviderOptions } from './stratum/templates/template-provider.ts';
export type {
  BlockTemplate,
  CoinbaseTemplate,
  FoundBlock,
  SubmitOutcome,
  TemplateSource,
  WaitOptions,
} from './stratum/templates/template-source.ts';
export { MockTemplateSource } from './stratum/templates/mock-source.ts';
export type { MockSourceOptions } from './stratum/templates/mock-source.ts';
export { RpcTemplateSource } from './stratum/templates/rpc-source.ts';
export type { RpcSourceOptions } from './stratum/templates/rpc-source.ts';
export type { NodeRpcOptions } from './stratum/templates/node-rpc.ts';
export { loadServerKeys, temporaryServerKeys } from './stratum/key-files.ts';
export type { KeyFileOptions, ServerKeys } from './stratum/key-files.ts';
export { AuthorityKey, StaticKey } from './stratum/noise/static-key.ts';
export type { Validity } from './stratum/noise/certificate.ts';
export { formatAuthorityKey, formatSv2Url, parseAuthorityKey, parseSv2Url } from './stratum/authority-key.ts';
export type { Sv2Endpoint } from './stratum/authority-key.ts';
export { Sv2Transport } from './stratum/sv2-transport.ts';
export type {
  ClearOptions,
  InitiatorOptions,
  ResponderOptions,
  Sv2BytesToSend,
  Sv2TransportFailure,
  Sv2TransportOptions,
} from './stratum/sv2-transport.ts';
export type { CertificatePolicy, ResponderCredentials } from './stratum/noise/handshake.ts';
export { decodeMessage, encodeMessage, messageNameOf } from './stratum/messages/registry.ts';
export type {
  DecodedSv2Message,
  Sv2Fields,
  Sv2Frame,
  Sv2Message,
  Sv2MessageName,
  Sv2MessageOf,
} from './stratum/messages/registry.ts';
export type { CoinbaseOutputConstraints } from './stratum/messages/template-distribution.ts';
export type { FrameType } from './stratum/messages/frame-header.ts';
export { SETUP_ERRORS, SV2_PROTOCOLS } from './stratum/messages/common.ts';
export type { SetupError } from './stratum/messages/common.ts';
export { decodeTlvs, encodeTlvs } from './stratum/messages/extensions.ts';
export type { Tlv } from './stratum/messages/extensions.ts';
