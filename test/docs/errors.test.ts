// The page of errors says what the tables in the sources say. `-u` writes it anew.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorsPage } from './errors-page.ts';

it('docs/errors.md holds the tables of the sources', async () => {
  await expect(errorsPage()).toMatchFileSnapshot(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'));
});
