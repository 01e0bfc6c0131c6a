import { describe, expect, it } from 'vitest';
import { checkCertificate } from '../../../ts/stratum/noise/certificate.ts';
import { AuthorityKey, StaticKey } from '../../../ts/stratum/noise/static-key.ts';
import { ServerIdentity } from '../../../ts/stratum/server/server-identity.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const NOW = 1_750_000_000;
const HOUR = 3_600;

/** An identity, and what a client whose clock is right says to it. */
function identity(lifetimeSeconds: number) {
  const random = seededBytes('identity');
  const keys = { staticKey: new StaticKey(random(32)), authorityKey: new AuthorityKey(random(32)) };
  const server = new ServerIdentity(keys, random, lifetimeSeconds);
  const faultAt = (nowSeconds: number) => {
    const { certificate } = server.credentials(nowSeconds);
    return checkCertificate(certificate, keys.staticKey.x, keys.authorityKey.x, nowSeconds, 0);
  };
  return { server, faultAt };
}

describe('the certificate of a server', () => {
  it('is shared by connections, and signed anew after half of its time', () => {
    const { server } = identity(2 * HOUR);
    const { certificate } = server.credentials(NOW);
    expect(server.credentials(NOW + HOUR - 1).certificate).toBe(certificate);
    expect(server.credentials(NOW + HOUR).certificate).not.toBe(certificate);
  });

  it.each([2 * HOUR, Number.POSITIVE_INFINITY])(
    'of %d s is signed anew once a clock that was ahead is right',
    (lifetime) => {
      const { server, faultAt } = identity(lifetime);
      expect(faultAt(NOW + 2 * HOUR)).toBeUndefined();
      expect(faultAt(NOW)).toBeUndefined();
      const { certificate } = server.credentials(NOW);
      expect(server.credentials(NOW - HOUR).certificate).toBe(certificate);
      expect(faultAt(NOW - HOUR - 1)).toBeUndefined();
    },
  );
});
