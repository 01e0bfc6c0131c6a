// Marks the second output of `npm run build:ts` as CommonJS: the package itself is of type "module".

import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
