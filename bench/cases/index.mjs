// Every bench the runner knows, in the order of the tables.

import { floods, floodsGrid, floodsSoak } from './floods/index.mjs';
import { bench as http } from './http/http.mjs';
import { bench as httpIdle } from './http/http-idle.mjs';
import { bench as httpRpc } from './http/http-rpc.mjs';
import { PROGRAMS } from './programs/index.mjs';
import { bench as acceptStorm } from './sockets/accept-storm.mjs';
import { bench as badNeighbours } from './sockets/bad-neighbours.mjs';
import { bench as broadcast } from './sockets/broadcast.mjs';
import { bench as churn } from './sockets/churn.mjs';
import { bench as echoBulk } from './sockets/echo-bulk.mjs';
import { bench as echoPipelined } from './sockets/echo-pipelined.mjs';
import { bench as echoSmall } from './sockets/echo-small.mjs';
import { bench as idleCost } from './sockets/idle-cost.mjs';
import { bench as idleNeighbours } from './sockets/idle-neighbours.mjs';
import { bench as importCost } from './sockets/import-cost.mjs';
import { bench as soak } from './sockets/soak.mjs';

/** @type {import('../lib/types.mjs').Bench[]} */
export const BENCHES = [
  echoSmall,
  echoPipelined,
  echoBulk,
  idleNeighbours,
  churn,
  acceptStorm,
  broadcast,
  badNeighbours,
  idleCost,
  soak,
  importCost,
  http,
  httpIdle,
  httpRpc,
  floods,
  floodsGrid,
  floodsSoak,
  ...PROGRAMS,
];
