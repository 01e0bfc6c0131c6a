// JSON-RPC as bytes: calls, batches, notifications, statuses. Cases of Bitcoin Core's interface_rpc, and the odd ones.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HttpServer } from '../../../ts/http.ts';
import { RpcAuth, RpcError, RpcServer, defineRpcMethod } from '../../../ts/rpc.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { RpcStage, basic } from './stage.ts';

let seen = 0;
const METHODS = [
  defineRpcMethod({
    name: 'getblockcount',
    category: 'blockchain',
    description: 'Blocks.',
    result: { type: 'integer' },
    call: () => 0,
  }),
  defineRpcMethod({
    name: 'getblockhash',
    category: 'blockchain',
    description: 'A hash.',
    arguments: { height: { type: 'integer', description: 'Which' } },
    result: { type: 'hex' },
    call({ height }) {
      if (height !== 0) throw new RpcError(-8, 'Block height out of range');
      return 'aa';
    },
  }),
  defineRpcMethod({
    name: 'late',
    category: 'hidden',
    description: 'Later.',
    arguments: { fails: { type: 'boolean', default: false, description: 'Whether' } },
    result: { type: 'null' },
    async call({ fails }) {
      await Promise.resolve();
      seen++;
      if (fails) throw new Error('it broke');
      return null;
    },
  }),
];

const BROKEN: Record<string, () => unknown> = {
  nothing: () => undefined,
  'no number': () => Number.NaN,
  'a function': () => () => {},
  'a circle': () => {
    const circle: Record<string, unknown> = {};
    return (circle['self'] = circle);
  },
  'nothing, later': () => Promise.resolve(undefined),
};

for (const [name, make] of Object.entries(BROKEN)) {
  METHODS.push(
    defineRpcMethod({
      name: name.replaceAll(/\W/g, ''),
      category: 'hidden',
      description: 'Gives what is no JSON.',
      result: { type: 'any' },
      call: () => make() as null,
    }),
  );
}

METHODS.push(
  defineRpcMethod({
    name: 'half',
    category: 'hidden',
    description: 'Half of a number.',
    arguments: { of: { type: 'number', description: 'Which' } },
    result: { type: 'number' },
    call: ({ of }) => of / 2,
  }),
);

let stage: RpcStage;
beforeAll(() => {
  stage = new RpcStage(METHODS);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Status and body of the answer. */
async function answer(body: string): Promise<[number, string]> {
  const { status, text, headers } = await stage.post(body);
  expect(headers['content-type']).toBe(status === 204 ? undefined : 'application/json');
  return [status, text];
}

describe('a method whose result is no JSON', () => {
  it.each(Object.keys(BROKEN))('gets an error with a code for its client, and counts as failed: %s', async (name) => {
    const method = name.replaceAll(/\W/g, '');
    const [status, text] = await answer(`{"method":"${method}","id":1}`);
    expect(status).toBe(500);
    expect(JSON.parse(text)).toEqual({ result: null, error: { code: -1, message: expect.any(String) }, id: 1 });
    const [, batch] = await answer(`[{"method":"${method}","id":1}]`);
    expect(JSON.parse(batch)).toMatchObject([{ error: { code: -1 } }]);
    expect(stage.rpc.stats().calls.find((counts) => counts.method === method)).toEqual({ method, ok: 0, error: 2 });
  });
});

describe('an argument that is a number', () => {
  it('is refused beyond what a double holds', async () => {
    expect(await stage.call('half', [3])).toMatchObject({ result: 1.5 });
    const { text } = await stage.post('{"method":"half","params":[1e999]}');
    expect(JSON.parse(text)).toMatchObject({ error: { code: -1, message: 'JSON double out of range' } });
  });
});

describe('a single call', () => {
  it.each([
    ['{"method":"getblockcount"}', 200, '{"result":0,"error":null}'],
    ['{"method":"getblockcount","id":null}', 200, '{"result":0,"error":null,"id":null}'],
    ['{"method":"getblockcount","id":1,"version":"1.1"}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"jsonrpc":"1.0","method":"getblockcount","id":1}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"jsonrpc":null,"method":"getblockcount","id":1}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"jsonrpc":"2.0","method":"getblockcount","id":1}', 200, '{"jsonrpc":"2.0","result":0,"id":1}'],
    ['{"jsonrpc":"2.0","method":"getblockcount","id":null}', 200, '{"jsonrpc":"2.0","result":0,"id":null}'],
    ['{"method":"getblockcount","params":null,"id":1}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"method":"getblockcount","params":{},"id":1}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"method":"late","id":1}', 200, '{"result":null,"error":null,"id":1}'],
    // The first of two keys counts.
    ['{"method":"getblockcount","method":"late","id":1,"id":2}', 200, '{"result":0,"error":null,"id":1}'],
    ['{"method":"x","id":1}', 404, '{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}'],
    [
      '{"jsonrpc":"2.0","method":"x","id":1}',
      200,
      '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}',
    ],
    [
      '{"method":"getblockhash","params":[1],"id":1}',
      500,
      '{"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":1}',
    ],
    [
      '{"jsonrpc":"2.0","method":"getblockhash","params":[1],"id":1}',
      200,
      '{"jsonrpc":"2.0","error":{"code":-8,"message":"Block height out of range"},"id":1}',
    ],
    [
      '{"method":"late","params":[true],"id":1}',
      500,
      '{"result":null,"error":{"code":-1,"message":"it broke"},"id":1}',
    ],
    ['{"id":1}', 400, '{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}'],
    ['{"id":1,"method":null}', 400, '{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}'],
    ['{"id":1,"method":5}', 400, '{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}'],
    [
      '{"id":1,"method":"x","params":5}',
      400,
      '{"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":1}',
    ],
    ['{"jsonrpc":"2.0","id":1}', 400, '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Missing method"},"id":1}'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"x","params":5}',
      400,
      '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Params must be an array or object"},"id":1}',
    ],
    [
      '{"jsonrpc":2.0,"id":1,"method":"getblockcount"}',
      400,
      '{"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"},"id":1}',
    ],
    [
      '{"jsonrpc":"2.1","id":1,"method":"getblockcount"}',
      400,
      '{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}',
    ],
    ['', 500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}'],
    ['this is bad', 500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}'],
    [
      '{"method":"getblockcount","id":1} x',
      500,
      '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}',
    ],
    ['{"method":"\\ud800"}', 500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}'],
    [
      '"getblockcount"',
      500,
      '{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}',
    ],
    ['17', 500, '{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}'],
    ['null', 500, '{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}'],
  ])('%s is answered with %i', async (body, status, text) => {
    expect(await answer(body)).toEqual([status, `${text}\n`]);
  });

  it.each(['12345678901234567890123', '1.50', '1e400', '{"a":[null,true],"a":1}', '"\\u0000\\u007f\\"é"', '[]', '-0'])(
    'has its id %s back as it was',
    async (id) => {
      const [, text] = await answer(`{"method":"getblockcount","id":${id}}`);
      expect(text).toBe(`{"result":0,"error":null,"id":${id}}\n`);
    },
  );

  it('may be 512 levels deep, and not 513', async () => {
    const nested = (depth: number): string =>
      `{"method":"echo","params":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"id":1}`;
    expect((await answer(nested(512)))[0]).toBe(200);
    expect(await answer(nested(513))).toEqual([
      500,
      '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}\n',
    ]);
  });

  it('in bytes that are no UTF-8 is no JSON', async () => {
    const { status, text } = await stage.post(Buffer.from('{"method":"\xff"}', 'latin1'));
    expect([status, text]).toEqual([
      500,
      '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}\n',
    ]);
  });
});

describe('a notification', () => {
  it.each([
    ['that works', '{"jsonrpc":"2.0","method":"late"}'],
    ['that fails', '{"jsonrpc":"2.0","method":"late","params":[true]}'],
  ])('%s has its effect and no answer', async (_, body) => {
    const before = seen;
    const { status, text, headers } = await stage.post(body);
    expect([status, text, headers['content-type'], headers['content-length']]).toEqual([204, '', undefined, undefined]);
    expect(seen).toBe(before + 1);
  });

  it('of an unknown method has no answer', async () => {
    expect(await answer('{"jsonrpc":"2.0","method":"x"}')).toEqual([204, '']);
  });
});

/** The four calls of interface_rpc, each with the fields that a variant gives it. */
function batchOf(fields: (index: number) => string): string {
  const calls = [
    '"method":"getblockcount"',
    '"method":"invalidmethod"',
    '"method":"getblockhash","params":[0]',
    '"pizza":"sausage"',
  ];
  return `[${calls.map((call, index) => `{${call}${fields(index)}}`).join(',')}]`;
}

const outcomes = (isVersion2: boolean, id: (index: number) => string): string[] => {
  const error = (code: number, message: string): string =>
    isVersion2
      ? `"error":{"code":${code},"message":"${message}"}`
      : `"result":null,"error":{"code":${code},"message":"${message}"}`;
  const result = (value: string): string => (isVersion2 ? `"result":${value}` : `"result":${value},"error":null`);
  const parts = [result('0'), error(-32601, 'Method not found'), result('"aa"'), error(-32600, 'Missing method')];
  return parts.map((part, index) => `{${isVersion2 ? '"jsonrpc":"2.0",' : ''}${part}${id(index)}}`);
};

it('a call is in the log with nothing of its client that could mean something there', async () => {
  const lines: string[] = [];
  const logger = { ...silentLogger, debug: (line: string) => void lines.push(line) };
  const auth = new RpcAuth({ user: 'me <b>', password: 'secret' });
  const server = new RpcServer({ auth, logger }).attach(new HttpServer({ bind: ['127.0.0.1:0'] }));
  const at = server.start()[0]!;
  for (const [method, id] of [
    ['echo', 7],
    ['e\nch<o>', 'abc<\n>def'],
    ['x'.repeat(1_000), { a: 1 }],
  ]) {
    const headers = { authorization: basic('me <b>', 'secret') };
    await fetch(`http://${at}/`, { method: 'POST', headers, body: JSON.stringify({ method, id }) });
  }
  expect(lines).toEqual([
    'ThreadRPCServer method=echo user=me b id=7',
    'ThreadRPCServer method=echo user=me b id=abcdef',
    `ThreadRPCServer method=${'x'.repeat(256)} user=me b id=`,
  ]);
  await server.stop();
});

describe('a batch', () => {
  const id = (index: number): string => `,"id":${index}`;
  const none = (): string => '';

  it.each([
    ['1.1', batchOf((index) => `,"version":"1.1","id":${index}`), outcomes(false, id)],
    ['2.0', batchOf((index) => `,"jsonrpc":"2.0","id":${index}`), outcomes(true, id)],
    ['"1.0"', batchOf((index) => `,"jsonrpc":"1.0","id":${index}`), outcomes(false, id)],
    ['no version', batchOf(id), outcomes(false, id)],
    ['no version and no id', batchOf(none), outcomes(false, none)],
    [
      '2.0, its first two being notifications',
      batchOf((index) => `,"jsonrpc":"2.0"${index < 2 ? '' : id(index)}`),
      outcomes(true, id).slice(2),
    ],
    [
      'alternating versions',
      batchOf((index) => `${index % 2 === 0 ? ',"jsonrpc":"2.0"' : ''},"id":${index}`),
      outcomes(false, id).map((text, index) => (index % 2 === 0 ? outcomes(true, id)[index]! : text)),
    ],
  ])('of version %s is answered member by member', async (_, body, texts) => {
    expect(await answer(body)).toEqual([200, `[${texts.join(',')}]\n`]);
  });

  it('of version 2.1 has an error for each member', async () => {
    const [status, text] = await answer(batchOf((index) => `,"jsonrpc":"2.1","id":${index}`));
    const error = '{"code":-32600,"message":"JSON-RPC version not supported"}';
    expect([status, text]).toEqual([
      200,
      `[${[0, 1, 2, 3].map((at) => `{"result":null,"error":${error},"id":${at}}`).join(',')}]\n`,
    ]);
  });

  it('of nothing is answered with nothing', async () => {
    expect(await answer('[]')).toEqual([200, '[]\n']);
  });

  it('of notifications only is not answered', async () => {
    expect(await answer(batchOf(() => ',"jsonrpc":"2.0"'))).toEqual([204, '']);
  });

  it('with members that are no objects does not give them id and version of the one before', async () => {
    const [, text] = await answer('[{"jsonrpc":"2.0","method":"getblockcount","id":7},5,[],null]');
    const bad = '{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}';
    expect(text).toBe(`[{"jsonrpc":"2.0","result":0,"id":7},${bad},${bad},${bad}]\n`);
  });

  it('lets others be answered in between', async () => {
    const long = stage.post(`[${Array.from({ length: 100_000 }, () => '{"method":"echo"}').join(',')}]`);
    let isOver = false;
    void long.then(() => (isOver = true));
    for (let count = 0; count < 3; count++) await stage.post('{"method":"getblockcount"}');
    expect(isOver).toBe(false);
    expect((await long).text).toHaveLength(100_000 * '{"result":[],"error":null},'.length + 2);
  });
});
