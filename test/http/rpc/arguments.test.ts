// What a table does with arguments: by name and by position, too many, of the wrong type; and the help it writes.

import { describe, expect, it } from 'vitest';

import { JsonObject, parseJson } from '../../../ts/http.ts';
import { RpcTable, RpcUsageError, defineRpcMethod } from '../../../ts/rpc.ts';
import type { RpcParams } from '../../../ts/rpc.ts';
import { serverMethods } from '../../../ts/http/rpc/methods/server-methods.ts';

const table = new RpcTable();
for (const method of serverMethods(table, '/log')) table.add(method);
table.add(
  defineRpcMethod({
    name: 'typed',
    category: 'test',
    description: 'Takes one of each.',
    arguments: {
      text: { type: 'string', description: 'A text' },
      whole: { type: 'integer', description: 'An integer' },
      real: { type: 'number', default: 1.5, description: 'A number' },
      flag: { type: 'boolean', default: false, description: 'A flag' },
      list: {
        type: 'array',
        optional: true,
        items: { name: 'item', type: 'string', description: 'One' },
        description: 'A list',
      },
      record: { type: 'object', optional: true, description: 'An object' },
      secret: { type: 'integer', optional: true, hidden: true, description: 'Not shown' },
    },
    result: {
      type: 'object',
      fields: {
        answer: { type: 'string', optional: true, description: 'It' },
        list: { type: 'array', items: { type: 'amount', description: 'Each' } },
      },
    },
    examples: [['a', 1], { text: 'a b', whole: 2 }, ['a', 1, 2, true, ['x"y']]],
    call: ({ text, whole, real, flag, list, record }) => {
      if (text === 'usage') throw new RpcUsageError(-8);
      return [text, whole, real, flag, list?.length ?? null, record?.size ?? null];
    },
  }),
);

/** Calls a method with parameters in JSON. */
function call(method: string, params: string): unknown {
  return table.execute(method, parseJson(params) as RpcParams);
}

describe('named arguments', () => {
  it.each([
    ['{"arg0":0,"arg9":9}', '[0,null,null,null,null,null,null,null,null,9]'],
    ['{"arg1":1}', '[null,1]'],
    ['{"arg9":null}', '[null,null,null,null,null,null,null,null,null,null]'],
    ['{"arg0":0,"arg1":1,"arg2":2}', '[0,1,2]'],
    ['{}', '[]'],
    ['{"args":[0,1],"arg3":3,"arg5":5}', '[0,1,null,3,null,5]'],
    ['{"args":[0,1],"arg2":2}', '[0,1,2]'],
    ['{"args":[]}', '[]'],
    ['{"args":[0,1,2,3,4,5,6,7,8,9]}', '[0,1,2,3,4,5,6,7,8,9]'],
  ])('%s are the positions %s', (params, positions) => {
    expect(call('echo', params)).toEqual(parseJson(positions));
  });

  it.each([
    ['{"random":1}', -8, 'Unknown named parameter random'],
    ['{"args":5}', -8, 'Unknown named parameter args'],
    ['{"arg1":1,"arg1":2}', -8, 'Parameter arg1 specified multiple times'],
    ['{"args":[1],"args":[2]}', -8, 'Parameter args specified multiple times'],
    ['{"args":[0,1],"arg1":1}', -8, 'Parameter arg1 specified twice both as positional and named argument'],
    ['{"args":[0,1,2],"arg1":1,"arg2":2}', -8, 'Parameter arg1 specified twice both as positional and named argument'],
  ])('%s fail with %i %s', (params, code, message) => {
    expect(() => call('echo', params)).toThrow(expect.objectContaining({ code, message }));
  });

  it('by the hundred thousand in args are too many, and no more', () => {
    const params = new JsonObject([['args', Array.from({ length: 500_000 }, () => null)]]);
    expect(() => table.execute('echo', params)).toThrow(expect.objectContaining({ code: -1 }));
  });
});

describe('arguments', () => {
  it.each([
    ['["a",1]', ['a', 1, 1.5, false, null, null]],
    ['["a",-7,2.25,true,[1,2],{"x":1}]', ['a', -7, 2.25, true, 2, 1]],
    ['["a",1,null,null,null,null]', ['a', 1, 1.5, false, null, null]],
    ['{"whole":2147483647,"text":"b"}', ['b', 2_147_483_647, 1.5, false, null, null]],
  ])('%s reach the handler by name', (params, values) => {
    expect(call('typed', params)).toEqual(values);
  });

  it.each(['[]', '["a"]', '["a",1,1,true,[],{},1,2]'])(
    '%s of the wrong number are answered with the help',
    (params) => {
      expect(() => call('typed', params)).toThrow(
        expect.objectContaining({ code: -1, message: expect.stringMatching(/^typed "text" whole \( real flag/) }),
      );
    },
  );

  it('of wrong types are all named', () => {
    expect(() => call('typed', '[1,"x",null,0,{},[]]')).toThrow(
      expect.objectContaining({
        code: -3,
        message:
          'Wrong type passed:\n{\n' +
          '    "Position 1 (text)": "JSON value of type number is not of expected type string",\n' +
          '    "Position 2 (whole)": "JSON value of type string is not of expected type number",\n' +
          '    "Position 4 (flag)": "JSON value of type number is not of expected type bool",\n' +
          '    "Position 5 (list)": "JSON value of type object is not of expected type array",\n' +
          '    "Position 6 (record)": "JSON value of type array is not of expected type object"\n' +
          '}',
      }),
    );
    expect(() => call('typed', '[null,1]')).toThrow('"Position 1 (text)": "JSON value of type null is not of expected');
  });

  it.each(['1.0', '1e3', '2147483648', '-2147483649', '99999999999999999999999999999999999999'])(
    'that are the integer %s are out of range',
    (number) => {
      expect(() => call('typed', `["a",${number}]`)).toThrow(
        expect.objectContaining({ code: -1, message: 'JSON integer out of range' }),
      );
    },
  );

  it('of a value that makes no sense are answered with the help, and the code of the method', () => {
    expect(() => call('typed', '["usage",1]')).toThrow(
      expect.objectContaining({ code: -8, message: expect.stringContaining('typed "text" whole') }),
    );
  });
});

describe('help', () => {
  it('shows arguments, result and examples of a method', () => {
    expect(call('help', '["typed"]')).toBe(`typed "text" whole ( real flag ["item",...] record )

Takes one of each.

Arguments:
1. text           (string, required) A text
2. whole          (numeric, required) An integer
3. real           (numeric, optional, default=1.5) A number
4. flag           (boolean, optional, default=false) A flag
5. list           (json array, optional) A list
     [
       "item",    (string) One
       ...
     ]
6. record         (json object, optional) An object

Result:
{                      (json object)
  "answer" : "str",    (string, optional) It
  "list" : [           (json array)
    n,                 (numeric) Each
    ...
  ]
}

Examples:
> bitcoin-cli typed "a" 1
> bitcoin-cli -named typed text="a b" whole=2
> bitcoin-cli typed "a" 1 2 true "[\\"x\\\\\\"y\\"]"
> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "typed", "params": ["a",1]}' -H 'content-type: application/json' http://127.0.0.1:8332/
> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "typed", "params": {"text":"a b","whole":2}}' -H 'content-type: application/json' http://127.0.0.1:8332/
> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "typed", "params": ["a",1,2,true,["x\\"y"]]}' -H 'content-type: application/json' http://127.0.0.1:8332/
`);
  });

  it('lists methods under their headings, without the hidden ones', () => {
    expect(call('help', '[]')).toBe(
      '== Control ==\ngetrpcinfo\nhelp ( "command" )\n\n== Test ==\ntyped "text" whole ( real flag ["item",...] record )',
    );
  });

  it('knows hidden methods, and no others', () => {
    expect(call('help', '["echo"]')).toMatch(/^echo \( "arg0" "arg1"/);
    expect(call('help', '["foo"]')).toBe('help: unknown command: foo');
    expect(() => call('help', '[0]')).toThrow(expect.objectContaining({ code: -3 }));
    expect(() => call('help', '["a","b"]')).toThrow(
      expect.objectContaining({ code: -1, message: expect.stringMatching(/^help \(/) }),
    );
  });
});

describe('a table', () => {
  it('counts calls by outcome, unknown names together', () => {
    const counted = new RpcTable();
    for (const method of serverMethods(counted, '')) counted.add(method);
    void counted.execute('echo', []);
    expect(() => counted.execute('help', [true])).toThrow('Wrong type');
    for (const name of ['x', 'y']) expect(() => counted.execute(name, [])).toThrow('Method not found');
    expect(counted.counts()).toEqual([
      { method: 'help', ok: 0, error: 1 },
      { method: 'getrpcinfo', ok: 0, error: 0 },
      { method: 'echo', ok: 1, error: 0 },
      { method: 'echojson', ok: 0, error: 0 },
      { method: 'other', ok: 0, error: 2 },
    ]);
  });

  it('shows the calls that go on, and forgets them', () => {
    expect(call('getrpcinfo', '[]')).toEqual({
      active_commands: [{ method: 'getrpcinfo', duration: expect.any(Number) }],
      logpath: '/log',
    });
    expect([...table.active]).toEqual([]);
  });

  it.each([['a b'], ['']])('refuses the name "%s"', (name) => {
    expect(() => table.add({ ...table.get('echo')!, name })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });
});
