// bitcoin.conf: every text is read, or refused with the file and the line.

import { ConfError, parseConf } from '../../../ts/cli/config/conf-text.ts';
import { bytesOf, finding, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  words: ['[regtest]', 'includeconf=', 'rpcpassword=', 'no', '#'],
  seeds: () =>
    ['server=1\n[test]\nnolisten=1\n# x\naddnode=1.2.3.4 # y\n', '-x=1', 'a', '[', 'rpcpassword=a#b'].map(bytesOf),
  run(input) {
    try {
      parseConf(textOf(input), 'bitcoin.conf');
    } catch (error) {
      if (!(error instanceof ConfError) || !/bitcoin\.conf:\d+/.test(error.message)) finding(String(error));
    }
  },
};
