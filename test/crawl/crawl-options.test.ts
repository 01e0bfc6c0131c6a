// Options of a crawl that are of another kind than they should be.

import { expect, it } from 'vitest';
import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlOptions } from '../../ts/crawl/crawl-options.ts';

it.each<[object, string]>([
  [{ chain: 'bitcoin' }, 'chain'],
  [{ v2: 'yes' }, 'v2'],
  [{ seeds: '127.0.0.1' }, 'seeds'],
  [{ seeds: ['127.0.0.1:8333'] }, 'seeds[0]'],
  [{ seeds: [{ service: '127.0.0.1:8333', source: 'given' }] }, 'seeds[0]'],
  [{ exclusions: '127.0.0.1' }, 'exclusions'],
])('a Crawler with %j names the option', (options, name) => {
  expect(() => new Crawler(options as CrawlOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG', message: expect.stringContaining(`${name}: `) }),
  );
});
