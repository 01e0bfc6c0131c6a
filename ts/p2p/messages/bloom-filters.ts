// `filterload`, `filteradd`, `filterclear`: the filter of transactions for a light client. (BIP 37)

import { outOfRange } from '../../util/errors/errors.ts';
import { checkLength, emptyCodec } from './codec.ts';
import type { Codec, Limited } from './codec.ts';

/** Largest filter, in bytes. Larger: the sender misbehaves. (Bitcoin Core src/common/bloom.h) */
export const MAX_BLOOM_FILTER_BYTES = 36_000;

/** Most hash functions of a filter. More: the sender misbehaves. (Core src/common/bloom.h) */
export const MAX_BLOOM_HASH_FUNCTIONS = 50;

/** Largest element, in bytes: the largest a script can push. Larger: the sender misbehaves. (Core src/script/script.h) */
export const MAX_FILTER_ELEMENT_BYTES = 520;

/** Sets the filter: bytes with CompactSize length, uint32 LE, uint32 LE, uint8. */
export interface FilterLoadMessage extends Limited {
  readonly type: 'filterload';
  readonly filter: Uint8Array;
  readonly hashFunctionCount: number;
  readonly tweak: number;
  readonly flags: number;
}

/** Adds an element to the filter: bytes with CompactSize length. */
export interface FilterAddMessage extends Limited {
  readonly type: 'filteradd';
  readonly element: Uint8Array;
}

/** Drops the filter. */
export interface FilterClearMessage {
  readonly type: 'filterclear';
}

export const filterClearCodec: Codec<FilterClearMessage> = emptyCodec('filterclear');

export const filterLoadCodec: Codec<FilterLoadMessage> = {
  read(reader) {
    const filter = reader.varBytes();
    const hashFunctionCount = reader.uint32LE();
    const fields = { filter, hashFunctionCount, tweak: reader.uint32LE(), flags: reader.uint8() };
    const isWithinLimits = filter.length <= MAX_BLOOM_FILTER_BYTES && hashFunctionCount <= MAX_BLOOM_HASH_FUNCTIONS;
    return isWithinLimits ? { type: 'filterload', ...fields } : { type: 'filterload', ...fields, exceedsLimit: true };
  },
  write(writer, { filter, hashFunctionCount, tweak, flags }) {
    checkLength(filter, MAX_BLOOM_FILTER_BYTES);
    if (hashFunctionCount > MAX_BLOOM_HASH_FUNCTIONS) {
      throw outOfRange('hashFunctionCount', `at most ${MAX_BLOOM_HASH_FUNCTIONS}`, hashFunctionCount);
    }
    writer.varBytes(filter).uint32LE(hashFunctionCount).uint32LE(tweak).uint8(flags);
  },
};

export const filterAddCodec: Codec<FilterAddMessage> = {
  read(reader) {
    const element = reader.varBytes();
    const isWithinLimits = element.length <= MAX_FILTER_ELEMENT_BYTES;
    return isWithinLimits ? { type: 'filteradd', element } : { type: 'filteradd', element, exceedsLimit: true };
  },
  write(writer, { element }) {
    checkLength(element, MAX_FILTER_ELEMENT_BYTES);
    writer.varBytes(element);
  },
};
