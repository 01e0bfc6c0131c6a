// What a message of work says: addresses of one shard and round.

/** Most addresses in one message. */
export const MAX_BATCH_ADDRESSES = 100;

/** Largest message that is read, in bytes. */
export const MAX_BATCH_BYTES = 65_536;

/** An address to visit. */
export interface WorkAddress {
  /** Address and port, as text. */
  readonly endpoint: string;
  /** Whether V2 is offered; undefined when nothing was told. */
  readonly offersV2: boolean | undefined;
  /** Who told it. */
  readonly source: string;
}

/** The addresses of a message. */
export interface WorkBatch {
  readonly round: number;
  readonly addresses: readonly WorkAddress[];
}

/** As bytes: JSON, an array for each address. */
export function encodeBatch({ round, addresses }: WorkBatch): Uint8Array {
  const rows = addresses.map(({ endpoint, offersV2, source }) => [
    endpoint,
    offersV2 === undefined ? -1 : Number(offersV2),
    source,
  ]);
  return Buffer.from(JSON.stringify({ round, addresses: rows }), 'utf8');
}

/** @returns Undefined for bytes that no worker of ours made. */
export function decodeBatch(bytes: Uint8Array): WorkBatch | undefined {
  if (bytes.length > MAX_BATCH_BYTES) return undefined;
  try {
    const { round, addresses } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      round: unknown;
      addresses: unknown;
    };
    if (!Number.isSafeInteger(round) || !Array.isArray(addresses) || addresses.length > MAX_BATCH_ADDRESSES)
      return undefined;
    return { round: round as number, addresses: addresses.map(readAddress) };
  } catch {
    return undefined;
  }
}

/** @throws {TypeError} It is none. */
function readAddress(value: unknown): WorkAddress {
  const [endpoint, offersV2, source] = value as unknown[];
  if (typeof endpoint !== 'string' || typeof source !== 'string') throw new TypeError('not an address');
  return { endpoint, offersV2: offersV2 === -1 ? undefined : offersV2 === 1, source };
}
