// `sockman node`: runs a Bitcoin peer and shows its connections. It takes Bitcoin Core's options, from the command line and
// from a `bitcoin.conf`.

import type { Command } from '../command.ts';
import { readCommandLine } from '../config/command-line.ts';
import { NODE_OPTIONS } from '../config/node-options.ts';
import { readSettings } from '../config/read-settings.ts';
import { runNode } from '../node/run-node.ts';

export const command: Command = {
  options: NODE_OPTIONS,
  examples: [
    ['sockman node', 'two nodes of this process that talk to each other: nothing leaves the machine'],
    ['sockman node --chain main --datadir ~/.sockman', 'finds peers by itself, and remembers them'],
    ['sockman node --chain signet --connect 203.0.113.1:38333', 'connects to one peer only'],
    ['sockman node --chain main --datadir ~/.sockman --json | jq .', 'events for other programs'],
    ['sockman node --chain main --connect …onion:8333 --proxy 127.0.0.1:9050', 'a peer behind Tor'],
    ['sockman node --datadir ~/.sockman --rpc', 'also answers bitcoin-cli -regtest -datadir=$HOME/.sockman'],
    [
      'sockman node --conf ~/.bitcoin/bitcoin.conf --datadir ~/.sockman --ignore-chain-options',
      'as bitcoind would, without a chain',
    ],
  ],
  notes: [
    'Options are those of Bitcoin Core, with one dash or two, on the command line and in a bitcoin.conf. After two dashes the value may be the next word. `no` before a name takes back its earlier values. Options of Core that this node lacks are refused by name.',
    'Exits with 1 if --connect was given without a configuration file and no connection was made.',
  ],
  check: (args) => void readCommandLine(args),
  run: async (args, io) => runNode(await readSettings(args, io.signal), io),
};
