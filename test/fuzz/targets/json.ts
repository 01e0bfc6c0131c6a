// JSON: what is read is written back in a form that reads the same; JSON.parse accepts whatever ours accepts.

import { parseJson } from '../../../ts/http/json/json-reader.ts';
import { writeJson } from '../../../ts/http/json/json-writer.ts';
import { attempt, bytesOf, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  words: ['true', 'false', 'null', '\\u0000', '\\ud83d\\ude00', '1e400', '-0.0'],
  seeds: () =>
    ['{"a":[1,-0.5e-3,"\\u00e9\\n"],"a":null}', '[]', ' "x" ', '12345678901234567890', '[[[[[]]]]]'].map(bytesOf),
  run(input) {
    const value = attempt(['ERR_SOCKMAN_DECODE'], () => parseJson(input));
    if (value === undefined) return;
    const text = writeJson(value);
    same('a value reads otherwise when written', writeJson(parseJson(text)), text);
    same('JSON.parse reads it otherwise', JSON.parse(Buffer.from(input).toString()), JSON.parse(text));
  },
};
