// Extension 1, in which both sides agree on further extensions, and the TLV area where those put their fields.
//
// A TLV follows the last field of a message: extension U16, field U8, length U16, value. The specification prints an
// example with big-endian numbers; on the wire they are little-endian like all others.
//
// Source: Stratum V2 specification, section 3.4; extension 0x0001.

import { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { B0_64K, SEQ0_64K, U16, U8, struct } from './data-types.ts';

/** The `extensionType` of the negotiation's frames. */
export const NEGOTIATION_EXTENSION = 1;

/** Client to server, right behind `SetupConnection.Success`. */
export const requestExtensions = struct({ requestId: U16, requestedExtensions: SEQ0_64K(U16) });

export const requestExtensionsSuccess = struct({ requestId: U16, supportedExtensions: SEQ0_64K(U16) });

/** The requested extensions that the server lacks, and those that it requires. */
export const requestExtensionsError = struct({
  requestId: U16,
  unsupportedExtensions: SEQ0_64K(U16),
  requiredExtensions: SEQ0_64K(U16),
});

/** One field of an extension. */
export interface Tlv {
  readonly extensionType: number;
  readonly fieldType: number;
  /** At most 65,535 bytes; after decoding, a view of the message. */
  readonly value: Uint8Array;
}

const tlv = struct({ extensionType: U16, fieldType: U8, value: B0_64K });

/** Reads the TLV area of a message: everything after its last field. @throws {DecodeError} cut short. */
export function decodeTlvs(area: Uint8Array): Tlv[] {
  const reader = new ByteReader(area);
  const fields: Tlv[] = [];
  while (reader.remaining > 0) fields.push(tlv.read(reader));
  return fields;
}

/** Writes a TLV area. Fields are ordered by extension, and inside one in the order it defines. */
export function encodeTlvs(fields: readonly Tlv[]): Uint8Array {
  const writer = new ByteWriter();
  for (const field of fields) tlv.write(writer, { ...field });
  return writer.finish();
}
