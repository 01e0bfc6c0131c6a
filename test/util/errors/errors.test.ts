// What an error message says of a foreign value: one printable line of bounded length, whatever the value is.

import { describe, expect, it } from 'vitest';
import { DecodeError, SockManError, invalidArg, outOfRange, shown } from '../../../ts/util/errors/errors.ts';

describe('a value in an error message', () => {
  it('keeps what is short and printable', () => {
    expect(shown('a "name"')).toBe('"a \\"name\\""');
    expect(shown(-1.5)).toBe('-1.5');
    expect(shown(5n)).toBe('5n');
    expect(shown(undefined)).toBe('undefined');
    expect(shown(Symbol('s'))).toBe('Symbol(s)');
  });

  it('is cut after 80 characters', () => {
    expect(shown('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`);
    expect(shown('x'.repeat(79))).toBe(`"${'x'.repeat(79)}…`);
    expect(shown('x'.repeat(100_000))).toHaveLength(81);
  });

  it('cannot start a new line, colour a terminal or pass for other letters', () => {
    for (const text of ['a\nb', 'a\u001b[31mb', 'a\u202eb', 'a\u0000b', 'ä']) {
      expect(shown(text)).toMatch(/^[\x20-\x7e]+$/);
      expect(shown({ toString: () => text })).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it('is the type where the value refuses to be text', () => {
    expect(shown(Object.create(null))).toBe('object');
    const refusal = {
      toString() {
        throw new Error('no');
      },
    };
    expect(shown(refusal)).toBe('object');
  });
});

describe('errors', () => {
  it('name the argument, and carry a stable code', () => {
    expect(invalidArg('port', 'a number', 'x')).toMatchObject({
      code: 'ERR_SOCKMAN_INVALID_ARG',
      message: 'port: expected a number, got "x"',
    });
    expect(invalidArg('port', 'a number', 'x')).toBeInstanceOf(TypeError);
    expect(outOfRange('port', '0 to 65535', -1)).toMatchObject({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });
    expect(outOfRange('port', '0 to 65535', -1)).toBeInstanceOf(RangeError);
    expect(new DecodeError('cut short', 7)).toMatchObject({ code: 'ERR_SOCKMAN_DECODE', offset: 7 });
  });

  it('have the details that are known, and no others', () => {
    const error = new SockManError('ERR_SOCKMAN_SYSTEM', 'send failed', { errno: 32, connectionId: 0 });
    expect(error).toMatchObject({ name: 'SockManError', errno: 32, connectionId: 0 });
    for (const name of ['syscall', 'address', 'cause']) expect(name in error && error[name as 'cause']).toBeFalsy();
  });
});
