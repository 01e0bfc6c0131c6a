// Options of several commands.

import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import type { ChainName } from '../p2p/chain-params.ts';
import { choice, number } from './option-kinds.ts';
import type { Option } from './options.ts';

/** Longest run, in seconds: the limit of the host's timers. */
const MAX_RUN_SECONDS = 2_147_483;

/** `--for SECONDS`. */
export const RUN_SECONDS: Option<number | undefined> = number(
  'SECONDS',
  'ends after this time; otherwise at Ctrl-C',
  0,
  MAX_RUN_SECONDS,
);

/** A network by its name. */
export function networkOption<Otherwise extends ChainName | undefined>(
  otherwise: Otherwise,
  help: string,
): Option<ChainName | Otherwise> {
  return choice('NAME', Object.keys(CHAIN_PARAMS) as ChainName[], otherwise, help);
}
