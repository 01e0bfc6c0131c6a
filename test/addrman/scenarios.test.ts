import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AddrMan } from '../../ts/addrman/addr-man.ts';
import type { NetworkClass } from '../../ts/netaddr/networks/network.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { fromHex, readVectorJson } from '../harness/data/vectors.ts';
import { ManualClock, address, contradictionIn, groups, ipv4, service, tableLines } from './support.ts';
import { Service } from '../../ts/netaddr/service.ts';

interface VectorAddress {
  address: string;
  port: number;
  time: number;
  services: number;
}

type Step = { cjdns?: boolean } & (
  | { op: 'add'; addresses: VectorAddress[]; source: string; penalty: number; expect: boolean }
  | { op: 'good'; address: string; port: number; time: number | null; expect: boolean }
  | { op: 'attempt'; address: string; port: number; countFailure: boolean; time: number }
  | { op: 'connected'; address: string; port: number; time: number }
  | { op: 'setServices'; address: string; port: number; services: number }
  | { op: 'advance'; seconds: number }
  | { op: 'size'; network: NetworkClass | null; inNew: boolean | null; expect: number }
  | ({ op: 'getAddr'; maxAddresses: number; maxPct: number; network: NetworkClass | null; filtered: boolean } & {
      expectCount: number;
      expectSet?: string[];
    })
  | { op: 'entry'; address: string; port: number; expect: Record<string, number> }
  | { op: 'findAddressEntry'; address: string; port: number; expect: Record<string, unknown> | null }
  | { op: 'select'; newOnly: boolean; networks: NetworkClass[]; expectOneOf: (string | null)[] }
  | { op: 'selectTriedCollision'; expectOneOf: (string | null)[] }
  | { op: 'resolveCollisions' }
  | { op: 'tableDigest'; lines: number; sha256: string; table?: string[] }
  | { op: 'series'; what: string }
);

interface Scenario {
  name: string;
  note: string;
  key: string;
  asmap: boolean;
  startTime: number;
  steps: Step[];
}

/** How often a draw is repeated: an outcome that is not allowed and has one chance in ten is missed once in 37,000. */
const DRAWS = 100;

const { scenarios } = readVectorJson<{ scenarios: Scenario[] }>('addrman_scenarios.json');

describe('the scripted runs, with the full check after every step', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario.note, scenario] as const))(
    '%s: %s',
    (_, __, scenario) => {
      const clock = new ManualClock(scenario.startTime);
      const random = seededUint32(7);
      const addrMan = new AddrMan({ key: fromHex(scenario.key), groups: groups(scenario.asmap), clock, random });
      scenario.steps.forEach((step, index) => {
        const what = `step ${index}: ${JSON.stringify(step).slice(0, 200)}`;
        run(step, addrMan, clock, what);
        expect(contradictionIn(addrMan), what).toBe(0);
      });
    },
  );
});

function run(step: Step, addrMan: AddrMan, clock: ManualClock, what: string): void {
  const isCJDNS = step.cjdns === true;
  switch (step.op) {
    case 'add': {
      const records = step.addresses.map(({ address: text, port, time, services }) => ({
        service: service(text, port, isCJDNS),
        timeSeconds: time ?? clock.seconds,
        services: BigInt(services),
      }));
      expect(addrMan.add(records, address(step.source, isCJDNS), step.penalty), what).toBe(step.expect);
      break;
    }
    case 'good':
      expect(addrMan.good(service(step.address, step.port, isCJDNS), step.time ?? clock.seconds), what).toBe(
        step.expect,
      );
      break;
    case 'attempt':
      addrMan.attempt(service(step.address, step.port), step.countFailure, step.time);
      break;
    case 'connected':
      addrMan.connected(service(step.address, step.port), step.time);
      break;
    case 'setServices':
      addrMan.setServices(service(step.address, step.port), BigInt(step.services));
      break;
    case 'advance':
      clock.seconds += step.seconds;
      break;
    case 'size':
      expect(addrMan.size(step.network ?? undefined, step.inNew ?? undefined), what).toBe(step.expect);
      break;
    case 'getAddr': {
      const { maxAddresses, maxPct, network, filtered, expectCount, expectSet } = step;
      const sample = addrMan.getAddr(maxAddresses, maxPct, network ?? undefined, filtered);
      expect(sample.length, what).toBe(expectCount);
      if (expectSet !== undefined)
        expect(sample.map((record) => String(record.service)).sort()).toEqual(expectSet.sort());
      break;
    }
    case 'entry': {
      const entry = addrMan.getEntry(service(step.address, step.port, isCJDNS));
      const { isTried, multiplicity } = addrMan.findAddressEntry(service(step.address, step.port, isCJDNS))!;
      const fields: Record<string, unknown> = {
        time: entry?.timeSeconds,
        services: Number(entry?.services),
        attempts: entry?.attempts,
        lastSuccess: entry?.lastSuccessSeconds,
        lastTry: entry?.lastTrySeconds,
        refCount: isTried ? 0 : multiplicity,
        inTried: isTried,
      };
      const expected = Object.entries(step.expect);
      for (const [name, value] of expected) expect(fields[name], `${what} ${name}`).toEqual(value);
      break;
    }
    case 'findAddressEntry': {
      const found = addrMan.findAddressEntry(service(step.address, step.port, isCJDNS));
      const { tried, ...rest } = (step.expect ?? {}) as { tried?: boolean };
      if (step.expect === null) expect(found, what).toBeUndefined();
      else expect(found, what).toMatchObject({ ...rest, ...(tried === undefined ? {} : { isTried: tried }) });
      break;
    }
    case 'select':
      for (let draw = 0; draw < DRAWS; draw++) {
        const selected = addrMan.select(step.newOnly, step.networks);
        expect(step.expectOneOf, what).toContain(selected === undefined ? null : String(selected.address.service));
      }
      break;
    case 'selectTriedCollision': {
      const selected = addrMan.selectTriedCollision();
      expect(step.expectOneOf, what).toContain(selected === undefined ? null : String(selected.address.service));
      break;
    }
    case 'resolveCollisions':
      addrMan.resolveCollisions();
      break;
    case 'tableDigest': {
      const lines = tableLines(addrMan);
      if (step.table !== undefined) expect(lines, what).toEqual(step.table);
      expect(lines.length, what).toBe(step.lines);
      expect(
        createHash('sha256')
          .update(lines.map((line) => `${line}\n`).join(''))
          .digest('hex'),
        what,
      ).toBe(step.sha256);
      break;
    }
    case 'series':
      addSeries(addrMan, clock.seconds);
  }
}

/** The one series there is: "for i = 1..2047: A = <i mod 256>.<floor(i/256)>.1.23; …". */
function addSeries(addrMan: AddrMan, now: number): void {
  for (let i = 1; i <= 2047; i++) {
    const source = ipv4(((i & 0xff) << 24) | ((i >> 8) << 16) | 0x0117);
    const target = new Service(source, 0);
    addrMan.add([{ service: target, timeSeconds: now, services: 0n }], source);
    if (i % 8 === 0) addrMan.good(target, now);
  }
}
