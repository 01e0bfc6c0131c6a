// From a command line to settings: finds the file and the chain, and checks that every option is supported.

import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import { UsageError, didYouMean } from '../options.ts';
import { StartError } from '../start-error.ts';
import { ABSENT_OPTIONS, isHarmless } from './absent-options.ts';
import { readCommandLine, unknownOption } from './command-line.ts';
import { ConfError } from './conf-text.ts';
import type { ConfSection } from './conf-text.ts';
import { readConfFiles } from './conf-files.ts';
import { addGiven, chainOptionOf, isOnlyAtTop, singleOf } from './given.ts';
import type { Given, GivenOptions, Layer } from './given.ts';
import { CHAIN_NAMES, NODE_OPTIONS, findNodeOption } from './node-options.ts';
import { Settings, switchOf } from './settings.ts';

/** Shown because a configuration file suggests the behaviour of `bitcoind`, which always has a folder. */
const NO_FOLDER =
  'there is no data folder: no log and no cookie are written, and nothing is remembered (--datadir names one)';

/** The default configuration file, in the data folder. */
const CONF_FILE = 'bitcoin.conf';

/** Switches that choose a chain. */
const CHAIN_SWITCHES: Readonly<Record<string, ChainName>> = {
  regtest: 'regtest',
  signet: 'signet',
  testnet: 'testnet3',
  testnet4: 'testnet4',
};

/** Chains whose section has another name. */
const SECTION_NAMES: Readonly<Record<string, string>> = { testnet3: 'test' };

/** The settings and where they came from. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly chain: ChainName;
  /** The folder of all chains; undefined if nothing is stored. */
  readonly dataDir: string | undefined;
  /** The configuration files that were read. With one, defaults are Bitcoin Core's; without, those for trying things out. */
  readonly confFiles: readonly string[];
  /** Options that are ignored. */
  readonly warnings: readonly string[];
}

/**
 * Reads a command line and the configuration files that it leads to.
 *
 * @throws {UsageError} An unknown or unsupported option, or a value out of range.
 * @throws {StartError} A file that cannot be read or parsed.
 */
export async function readSettings(args: readonly string[], signal: AbortSignal): Promise<ReadSettings> {
  const commandLine = readCommandLine(args);
  const typed: GivenOptions = { commandLine, sections: new Map() };
  const typedFolder = pathOf(typed, 'datadir');
  const confPath = await confPathOf(typed, typedFolder);
  if (confPath === undefined) {
    const chain = chainOf(typed, 'regtest');
    return { ...checked(typed, [], chain), dataDir: typedFolder, confFiles: [] };
  }
  const files = await readConfFiles(confPath, {
    folder: typedFolder ?? process.cwd(),
    includes: !commandLine.has('includeconf'),
    sectionOf: (sections) => sectionOf(chainOf({ commandLine, sections }, 'main')),
    signal,
  });
  const given = { commandLine, sections: renamed(files.sections) };
  const chain = chainOf(given, 'main');
  const { settings, warnings } = checked(given, files.sectionNames, chain);
  const written = settings.text('datadir');
  const dataDir = written === undefined ? typedFolder : resolve(written);
  if (dataDir === undefined && files.paths.length > 0) warnings.push(NO_FOLDER);
  if (dataDir !== undefined) warnings.push(...(await checkIgnoredConf(dataDir, confPath, settings)));
  return { settings, chain, dataDir, confFiles: files.paths, warnings: [...files.warnings, ...warnings] };
}

/** The name of a chain's section in files. */
export function sectionOf(chain: ChainName): string {
  return SECTION_NAMES[chain] ?? chain;
}

function pathOf(given: GivenOptions, name: string): string | undefined {
  const value = singleOf(given, name, { section: '', usesTop: true })?.value;
  return typeof value === 'string' && value !== '' ? resolve(value) : undefined;
}

/** @throws {ConfError} A named file does not exist. */
async function confPathOf(given: GivenOptions, folder: string | undefined): Promise<string | undefined> {
  const named = singleOf(given, 'conf', { section: '', usesTop: true })?.value;
  if (named === false) return undefined;
  const name = typeof named === 'string' && named !== '' ? named : CONF_FILE;
  const path = isAbsolute(name) || folder === undefined ? resolve(name) : join(folder, name);
  if (named === undefined && folder === undefined) return undefined;
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new ConfError(`${path} is a folder`);
  if (found !== undefined) return path;
  if (named === undefined) return undefined;
  throw new ConfError(`${path} cannot be opened`);
}

/** @throws {UsageError} More than one chain, or an unknown one. */
function chainOf(given: GivenOptions, otherwise: ChainName): ChainName {
  const chosen = Object.entries(CHAIN_SWITCHES).filter(([name]) => {
    const value = chainOptionOf(given, name);
    return value !== undefined && switchOf(name, value);
  });
  const named = chainOptionOf(given, 'chain');
  if (chosen.length + (named === undefined ? 0 : 1) > 1) {
    throw new UsageError('at most one of -chain, -regtest, -signet, -testnet and -testnet4 can be given');
  }
  if (named === undefined) return chosen[0]?.[1] ?? otherwise;
  const name = named.value === 'test' ? 'testnet3' : String(named.value);
  if (Object.hasOwn(CHAIN_PARAMS, name)) return name as ChainName;
  throw new UsageError(
    `${named.origin}: expected one of ${CHAIN_NAMES.join(', ')}, got '${name}'${didYouMean(name, CHAIN_NAMES)}`,
  );
}

/** Converts names in files to those of the table: dashes inside a name do not matter. */
function renamed(sections: ReadonlyMap<string, Layer>): ReadonlyMap<string, Layer> {
  return new Map(
    [...sections].map(([section, layer]) => {
      const own = new Map<string, Given[]>();
      for (const [name, all] of layer) {
        for (const given of all) addGiven(own, findNodeOption(name)?.[0] ?? name, given);
      }
      return [section, own];
    }),
  );
}

/** Refuses unsupported options, and warns about ignored ones. */
function checked(
  given: GivenOptions,
  sectionNames: readonly ConfSection[],
  chain: ChainName,
): { settings: Settings; chain: ChainName; warnings: string[] } {
  const section = sectionOf(chain);
  const settings = new Settings(given, section);
  const passesOver = settings.switch('ignore-chain-options') ?? false;
  const warnings: string[] = [];
  const known = new Set([...Object.keys(CHAIN_PARAMS).map((name) => sectionOf(name as ChainName))]);
  for (const { name, place } of sectionNames) {
    if (!known.has(name)) warnings.push(`${place}: there is no section [${name}]`);
  }
  for (const [of, layer] of [['', given.commandLine] as const, ...given.sections]) {
    for (const [name, all] of layer) {
      if (Object.hasOwn(NODE_OPTIONS, name)) continue;
      // Unknown options are refused everywhere; other options of another chain's section are harmless.
      if (!ABSENT_OPTIONS.has(name)) throw new UsageError(unknownAt(all[0]!, name));
      if (of === '' || of === section) warnings.push(...refuseAbsent(name, all, passesOver));
    }
  }
  if (section !== 'main') {
    for (const [name, { isPerChain }] of Object.entries(NODE_OPTIONS)) {
      if (isPerChain !== true || !isOnlyAtTop(given, name, section)) continue;
      warnings.push(`${name} applies to ${section} only in section [${section}]: ignored`);
    }
  }
  return { settings, chain, warnings };
}

function unknownAt({ origin }: Given, name: string): string {
  if (origin.startsWith('-')) return unknownOption(origin, name);
  return `${origin.slice(0, -name.length)}${unknownOption(name, name)}`;
}

/** @throws {UsageError} The option changes something, and may not be ignored. */
function refuseAbsent(name: string, all: readonly Given[], passesOver: boolean): string[] {
  const absent = ABSENT_OPTIONS.get(name)!;
  const asking = all.filter(({ value }) => !isHarmless(absent, value));
  const first = asking[0];
  if (first === undefined) return [];
  if (absent.isPassable && passesOver) return asking.map(({ origin }) => `${origin}: ignored: ${absent.reason}`);
  const remedy = absent.isPassable ? ' (--ignore-chain-options ignores such options)' : '';
  throw new UsageError(`${first.origin}: ${absent.reason}${remedy}`);
}

/** A second file that is silently ignored would be an unnoticed mistake. (Bitcoin Core src/common/init.cpp) */
async function checkIgnoredConf(dataDir: string, used: string, settings: Settings): Promise<string[]> {
  const other = join(dataDir, CONF_FILE);
  if (resolve(used) === other || !(await exists(other))) return [];
  const message = `${other} is ignored, because ${used} is used`;
  if (settings.switch('allowignoredconf') === true) return [message];
  throw new StartError(`${message}: delete or rename one, or include it; allowignoredconf=1 permits both`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
