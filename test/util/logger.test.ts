import { describe, expect, it } from 'vitest';

import { silentLogger, withCategory } from '../../ts/util/logger.ts';

describe('a logger with a category', () => {
  it('puts it before debug lines, and before no others', () => {
    const lines: string[] = [];
    const at = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const net = withCategory(logger, 'net');
    for (const level of ['debug', 'info', 'warn', 'error'] as const) net[level]('hello');
    expect(lines).toEqual(['debug [net] hello', 'info hello', 'warn hello', 'error hello']);
  });

  it('is the silent one where nothing is logged', () => {
    expect(withCategory(silentLogger, 'net')).toBe(silentLogger);
  });
});
