// The caller's logger wherever one is taken: what it throws interrupts nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { BanMan, PeerManager } from '../../ts/connman.ts';
import { RpcAuth, RpcServer } from '../../ts/rpc.ts';
import { DataFile } from '../../ts/storage/data-file.ts';
import { uncaughtIn } from '../harness/uncaught.ts';
import { guardedLogger } from '../../ts/util/guarded-logger.ts';
import { silentLogger } from '../../ts/util/logger.ts';
import type { Logger } from '../../ts/util/logger.ts';

const fail = (): never => {
  throw new Error('disk full');
};
const FAILING: Logger = { debug: fail, info: fail, warn: fail, error: fail };

describe('a guarded logger', () => {
  it('hands what it throws to the handler, with the name of the level', () => {
    const reported: unknown[] = [];
    const logger = guardedLogger(FAILING, (error, where) => reported.push([where, (error as Error).message]));
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]('line');
    expect(reported).toEqual(['debug', 'info', 'warn', 'error'].map((level) => [`logger.${level}`, 'disk full']));
  });

  it('is itself if it is silent, so that its lines need not be made', () => {
    expect([guardedLogger(undefined), guardedLogger(silentLogger)]).toEqual([silentLogger, silentLogger]);
    expect(guardedLogger(silentLogger)).toBe(silentLogger);
  });
});

describe('a logger without all its methods', () => {
  const logger = { warn() {} } as unknown as Logger;
  it.each<[string, () => unknown]>([
    ['BanMan', () => new BanMan({ logger })],
    ['PeerManager', () => new PeerManager({ logger })],
    ['RpcAuth', () => new RpcAuth({ logger })],
    ['RpcServer', () => new RpcServer({ auth: new RpcAuth(), logger })],
  ])('is refused by %s', (_name, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('a BanMan', () => {
  it('whose logger throws has its list nevertheless, and the error is uncaught', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-guarded-'));
    const path = join(folder, 'banlist.json');
    writeFileSync(path, 'damaged');
    const uncaught = await uncaughtIn(async () => {
      const banMan = await BanMan.load({ file: new DataFile(path), logger: FAILING });
      expect(banMan.ban('1.2.3.4')).toBe(true);
      await banMan.save();
      expect((await BanMan.load({ file: new DataFile(path) })).isBanned('1.2.3.4')).toBe(true);
    });
    expect(uncaught).toEqual([new Error('disk full')]);
    rmSync(folder, { recursive: true });
  });
});
