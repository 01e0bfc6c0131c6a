// `sockman sv2-client`: follows a template provider of Stratum V2, and solves its templates if that is easy.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseSv2Url } from '../../stratum/authority-key.ts';
import type { Sv2Endpoint } from '../../stratum/authority-key.ts';
import { Sv2Client } from '../../stratum/client/sv2-client.ts';
import { CpuMiner } from '../../stratum/client/cpu-miner.ts';
import { defineCommand } from '../command.ts';
import { RUN_SECONDS } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import { untilStopped } from '../run.ts';
import { jsonLine } from '../terminal/json-line.ts';
import { SkippingOutput } from '../terminal/skipping-output.ts';

export const command = defineCommand(
  {
    options: {
      mine: option.flag('solves templates on the CPU if the target is as easy as on regtest, and submits them'),
      blocks: option.wholeNumber(
        'N',
        'with --mine: ends once the server builds on so many blocks of ours',
        1,
        1_000_000,
      ),
      script: option.text('HEX', 'with --mine: the script that the reward goes to (51, which anybody can spend)'),
      insecure: option.flag('accepts a server of unknown authority'),
      for: RUN_SECONDS,
    },
    operands: [{ placeholder: 'URL', help: 'stratum2+tcp://host:port/authority-key, as sv2-server prints it' }],
    examples: [
      ['sockman sv2-client stratum2+tcp://127.0.0.1:18447/9b…', 'every template, as a line of JSON'],
      ['sockman sv2-client stratum2+tcp://127.0.0.1:18447/9b… --mine --blocks 10', 'ten blocks on regtest'],
    ],
    notes: [
      'Bytes are hexadecimal; hashes and targets are in the usual reversed order. Lines beyond what a slow reader takes are left out and counted.',
      'Exits with 0, or with 1 if no server accepted us.',
    ],
  },
  async (values, io, operands) => {
    if (!values.mine && (values.blocks !== undefined || values.script !== undefined)) {
      throw new UsageError('--blocks and --script need --mine');
    }
    if (values.script !== undefined && !/^([0-9a-f]{2})+$/i.test(values.script)) {
      throw new UsageError(`--script: expected hexadecimal digits, got '${values.script}'`);
    }
    const server = await resolveHost(readUrl(operands[0]!, values.insecure));
    const client = new Sv2Client({ server, insecureNoAuthority: values.insecure });
    const ended = new AbortController();
    const output = new SkippingOutput(io);
    const print = (event: object): void => output.print(() => jsonLine(event));
    let wasConnected = false;
    client.on('connected', ({ address }) => {
      wasConnected = true;
      print({ event: 'connected', address });
    });
    client.on('disconnected', ({ reason, retryMs }) => {
      print({ event: 'disconnected', reason, retryMs: retryMs ?? null });
    });
    client.on('message', print);
    if (values.mine) {
      const miner = new CpuMiner(client, Buffer.from(values.script ?? '51', 'hex'));
      miner.onSubmitted = (hash) => print({ event: 'submitted', hash });
      miner.onAccepted = (hash, count) => {
        print({ event: 'accepted', hash, count });
        if (count !== values.blocks) return;
        miner.stop();
        ended.abort();
      };
    }
    client.start();
    await untilStopped(AbortSignal.any([io.signal, ended.signal]), values.for);
    await client.stop();
    output.end();
    return wasConnected ? 0 : 1;
  },
);

function readUrl(text: string, isInsecure: boolean): Sv2Endpoint {
  let endpoint: Sv2Endpoint;
  try {
    endpoint = parseSv2Url(text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (endpoint.authorityX === undefined && !isInsecure) {
    throw new UsageError(`'${text}' has no authority key; --insecure accepts any server`);
  }
  return endpoint;
}

/** `SockMan` does not look up names. */
async function resolveHost(endpoint: Sv2Endpoint): Promise<Sv2Endpoint> {
  if (isIP(endpoint.host) !== 0) return endpoint;
  const { address } = await lookup(endpoint.host).catch(() => {
    throw new UsageError(`'${endpoint.host}' does not resolve to an address`);
  });
  return { ...endpoint, host: address };
}
