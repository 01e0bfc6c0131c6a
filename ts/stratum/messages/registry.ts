// All message types, and the conversion between payloads and messages.
//
// The codec knows the common messages, template distribution and the negotiation of extensions. Frames of every other
// type stay bytes.

import { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import {
  channelEndpointChanged,
  reconnect,
  setupConnection,
  setupConnectionError,
  setupConnectionSuccess,
} from './common.ts';
import type { DataType, ValueOf } from './data-types.ts';
import {
  NEGOTIATION_EXTENSION,
  requestExtensions,
  requestExtensionsError,
  requestExtensionsSuccess,
} from './extensions.ts';
import type { FrameType } from './frame-header.ts';
import {
  coinbaseOutputConstraints,
  newTemplate,
  requestTransactionData,
  requestTransactionDataError,
  requestTransactionDataSuccess,
  setNewPrevHash,
  submitSolution,
} from './template-distribution.ts';

interface Definition<T> extends FrameType {
  readonly fields: DataType<T>;
}

function core<T>(messageType: number, fields: DataType<T>): Definition<T> {
  return { extensionType: 0, isChannelMessage: false, messageType, fields };
}

function negotiation<T>(messageType: number, fields: DataType<T>): Definition<T> {
  return { extensionType: NEGOTIATION_EXTENSION, isChannelMessage: false, messageType, fields };
}

/** Every message of the codec, by its name in the specification. */
const DEFINITIONS = {
  SetupConnection: core(0x00, setupConnection),
  'SetupConnection.Success': core(0x01, setupConnectionSuccess),
  'SetupConnection.Error': core(0x02, setupConnectionError),
  ChannelEndpointChanged: { ...core(0x03, channelEndpointChanged), isChannelMessage: true },
  Reconnect: core(0x04, reconnect),
  CoinbaseOutputConstraints: core(0x70, coinbaseOutputConstraints),
  NewTemplate: core(0x71, newTemplate),
  SetNewPrevHash: core(0x72, setNewPrevHash),
  RequestTransactionData: core(0x73, requestTransactionData),
  'RequestTransactionData.Success': core(0x74, requestTransactionDataSuccess),
  'RequestTransactionData.Error': core(0x75, requestTransactionDataError),
  SubmitSolution: core(0x76, submitSolution),
  RequestExtensions: negotiation(0x00, requestExtensions),
  'RequestExtensions.Success': negotiation(0x01, requestExtensionsSuccess),
  'RequestExtensions.Error': negotiation(0x02, requestExtensionsError),
} as const;

type Definitions = typeof DEFINITIONS;

/** The name of a message, as in the specification. */
export type Sv2MessageName = keyof Definitions;

/** The fields of a message, by its name. */
export type Sv2Fields<Name extends Sv2MessageName> = ValueOf<Definitions[Name]['fields']>;

/** A message: name and fields. */
export type Sv2Message = { [Name in Sv2MessageName]: { name: Name } & Sv2Fields<Name> }[Sv2MessageName];

/** One message of the given name. */
export type Sv2MessageOf<Name extends Sv2MessageName> = Extract<Sv2Message, { name: Name }>;

/** A decrypted frame: its header's values, and its payload. */
export interface Sv2Frame extends FrameType {
  readonly payload: Uint8Array;
}

/** A decoded message, and the bytes after its last field: a TLV area, see `decodeTlvs`. */
export interface DecodedSv2Message {
  readonly message: Sv2Message;
  readonly trailing: Uint8Array;
}

/** Key of a frame type in the table of names. */
function keyOf({ extensionType, messageType }: FrameType): number {
  return (extensionType << 8) | messageType;
}

const NAMES = new Map(
  Object.entries(DEFINITIONS).map(([name, definition]) => [keyOf(definition), name as Sv2MessageName]),
);

/** The name of a frame's message; undefined for types that the codec carries as bytes. */
export function messageNameOf(frame: FrameType): Sv2MessageName | undefined {
  return NAMES.get(keyOf(frame));
}

/**
 * Reads the message of a frame.
 *
 * @returns Undefined for a type that the codec does not know. Byte strings are views of the payload.
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: the payload does not have the form of its type.
 */
export function decodeMessage(frame: Sv2Frame): DecodedSv2Message | undefined {
  const name = messageNameOf(frame);
  if (name === undefined) return undefined;
  const reader = new ByteReader(frame.payload);
  const fields: DataType<object> = DEFINITIONS[name].fields;
  const message = { name, ...fields.read(reader) } as Sv2Message;
  return { message, trailing: reader.rest() };
}

/**
 * Writes a message as a frame.
 *
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a value or length above the limit of its field.
 */
export function encodeMessage(message: Sv2Message): Sv2Frame {
  const { extensionType, isChannelMessage, messageType, fields } = DEFINITIONS[message.name];
  const writer = new ByteWriter();
  (fields as DataType<object>).write(writer, message);
  return { extensionType, isChannelMessage, messageType, payload: writer.finish() };
}
