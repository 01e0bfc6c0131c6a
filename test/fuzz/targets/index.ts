// Every fuzz target, by the name that `npm run fuzz` takes.

import type { FuzzTarget } from '../target.ts';
import { target as addresses } from './addresses.ts';
import { target as asMap } from './as-map.ts';
import { target as bitcoinConf } from './bitcoin-conf.ts';
import { target as crawl } from './crawl.ts';
import { target as dataFiles } from './data-files.ts';
import { target as http } from './http.ts';
import { target as json } from './json.ts';
import { target as messages } from './messages.ts';
import { target as proxies } from './proxies.ts';
import { target as rpc } from './rpc.ts';
import { target as stratum } from './stratum.ts';
import { target as v1Transport } from './v1-transport.ts';
import { target as v2Transport } from './v2-transport.ts';

export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  addresses,
  'as-map': asMap,
  'bitcoin-conf': bitcoinConf,
  crawl,
  'data-files': dataFiles,
  http,
  json,
  messages,
  proxies,
  rpc,
  stratum,
  'v1-transport': v1Transport,
  'v2-transport': v2Transport,
};
