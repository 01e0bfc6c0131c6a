// Options of Bitcoin Core that this node lacks: they are refused by name, with the reason.
//
// An option that asks for nothing is no reason to refuse a file: `txindex=0` and `disablewallet=1` say what is so anyway. And
// what merely tunes or needs a part that is not here may be passed over, if the user says so (`--ignore-chain-options`).

import { readsAsTrue } from './conf-text.ts';

/** Why an option is refused. */
export interface AbsentOption {
  /** The missing part, as the end of a sentence. */
  readonly reason: string;
  /** Whether `--ignore-chain-options` ignores it: nothing outside the node relies on it. */
  readonly isPassable: boolean;
  /** Values that change nothing: `off` zero and negation, `on` the opposite, `negation` only that. */
  readonly harmless: 'off' | 'on' | 'negation';
}

function absent(reason: string, isPassable: boolean, harmless: AbsentOption['harmless'], names: string): AbsentEntry[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, { reason, isPassable, harmless }]);
}

type AbsentEntry = [name: string, absent: AbsentOption];

const NO_CHAIN = 'this node has no chain';
const NO_MEMPOOL = 'this node has no mempool';
const NO_WALLET = 'this node has no wallet';

/** Every option of Bitcoin Core that is not in the table of ours, by its name. */
export const ABSENT_OPTIONS: ReadonlyMap<string, AbsentOption> = new Map([
  // Switches whose zero describes this node.
  ...absent(
    NO_CHAIN,
    true,
    'off',
    `prune txindex txospenderindex blockfilterindex coinstatsindex reindex reindex-chainstate fastprune checkpoints
    checkblockindex stopafterblockimport`,
  ),
  ...absent(
    NO_CHAIN,
    true,
    'negation',
    `assumevalid blocksdir blocksxor blockreconstructionextratxn dbbatchsize dbcache loadblock minimumchainwork par
    checkblocks checklevel stopatheight maxtipage maxsigcachesize testactivationheight vbparams blockmaxweight
    blockreservedweight blockmintxfee blockversion printpriority`,
  ),
  ...absent(
    NO_MEMPOOL,
    true,
    'negation',
    `maxmempool maxorphantx mempoolexpiry persistmempool persistmempoolv1 checkmempool limitancestorcount limitancestorsize
    limitdescendantcount limitdescendantsize limitclustercount limitclustersize acceptnonstdtxn incrementalrelayfee
    dustrelayfee bytespersigop datacarrier datacarriersize permitbaremultisig mempoolfullrbf acceptstalefeeestimates`,
  ),
  ...absent(
    NO_WALLET,
    true,
    'negation',
    `addresstype avoidpartialspends changetype consolidatefeerate discardfee fallbackfee keypool maxapsfee maxtxfee mintxfee
    paytxfee signer spendzeroconfchange txconfirmtarget wallet walletbroadcast walletdir walletnotify walletrbf
    unsafesqlitesync walletrejectlongchains walletcrosschain`,
  ),
  ...absent(NO_WALLET, true, 'on', 'disablewallet'),
  ...absent('its lines have no place in a source file to name', true, 'off', 'logsourcelocations'),
  ...absent('this node has one thread', true, 'off', 'logthreadnames'),
  ...absent('its log is bounded as a whole, not by the place in a source file', true, 'off', 'logratelimit'),
  ...absent('the help of its RPC is made from the table that checks the arguments', true, 'off', 'rpcdoccheck'),
  ...absent('it keeps no settings.json: it does not change its own settings', true, 'negation', 'settings'),
  // Options that something outside the node relies on.
  ...absent(
    'this node has no blocks and transactions to publish',
    false,
    'negation',
    `zmqpubhashblock zmqpubhashtx zmqpubrawblock zmqpubrawtx zmqpubsequence zmqpubhashblockhwm zmqpubhashtxhwm
    zmqpubrawblockhwm zmqpubrawtxhwm zmqpubsequencehwm`,
  ),
  ...absent('this node has no block filters to serve', false, 'off', 'peerblockfilters'),
  ...absent('this node has no blocks and transactions to serve', false, 'off', 'rest'),
  ...absent('this node opens no ports on routers', false, 'off', 'natpmp upnp'),
  ...absent('this node runs no commands', false, 'negation', 'alertnotify blocknotify startupnotify shutdownnotify'),
  ...absent('it stays in the foreground: a service manager or `nohup` keeps it', false, 'off', 'daemon daemonwait'),
  ...absent('this node has no inter-process interface', false, 'negation', 'ipcbind'),
  ...absent('this node knows only the default signet', false, 'negation', 'signetchallenge signetseednode'),
  ...absent('no method of its RPC is deprecated', false, 'negation', 'deprecatedrpc'),
  ...absent('`--help` tells all options', false, 'off', 'help-debug'),
]);

/** Whether a value changes nothing. */
export function isHarmless({ harmless }: AbsentOption, value: string | boolean): boolean {
  const isOn = value === true || (typeof value === 'string' && readsAsTrue(value));
  if (harmless === 'on') return isOn;
  return harmless === 'off' ? !isOn : value === false;
}
