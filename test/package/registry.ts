// A registry on loopback that has one package, and sends requests for others to the real one.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

const UPSTREAM = (process.env['npm_config_registry'] ?? 'https://registry.npmjs.org').replace(/\/$/, '');

export interface Registry {
  readonly url: string;
  close(): void;
}

/**
 * @param tarball - What `npm pack` made.
 * @param manifest - Its package.json.
 */
export async function startRegistry(tarball: string, manifest: Record<string, unknown>): Promise<Registry> {
  const { name, version } = manifest as { name: string; version: string };
  const bytes = readFileSync(tarball);
  const path = `/${name}/-/${basename(tarball)}`;
  const server = createServer((request, response) => {
    if (request.url === path) return void createReadStream(tarball).pipe(response);
    if (request.url !== `/${name}`) return void response.writeHead(302, { location: UPSTREAM + request.url! }).end();
    const dist = {
      tarball: url + path,
      shasum: createHash('sha1').update(bytes).digest('hex'),
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    const answer = { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
