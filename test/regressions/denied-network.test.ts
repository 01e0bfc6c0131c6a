// Under Node's permission model without network a dial said ECONNRESET and a bind threw: both are results with EACCES.

import { describe, expect, it } from 'vitest';
import { EACCES, errnoOf } from '../../ts/util/errors/errno.ts';
import { itUnless } from '../harness/backends.ts';
import { WELL, noBuild, runChild } from '../harness/child.ts';

const isOld = Number(process.versions.node.split('.')[0]) < 25;
const noModel = isOld ? 'the permission model covers the network from Node 25 on' : noBuild;

describe('a network that Node denies', () => {
  itUnless(noModel)('makes a dial and a bind fail with EACCES', async () => {
    const nodeFlags = ['--permission', '--allow-fs-read=*'];
    const result = await runChild('test/regressions/children/denied.mjs', [], { nodeFlags });
    expect(result).toEqual({ ...WELL, stdout: 'EACCES EACCES EACCES EACCES\n' });
  });

  it('is EACCES in the words of a system', () => {
    expect(errnoOf(Object.assign(new Error('denied'), { code: 'ERR_ACCESS_DENIED' }), 1)).toBe(EACCES);
  });
});
