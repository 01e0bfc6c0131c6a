// A `bitcoin.conf` and the files that it includes.

import { isAbsolute, join } from 'node:path';

import { FileError } from '../../storage/file-error.ts';
import { readInput } from '../../storage/bounded-read.ts';
import { addGiven, listOf } from './given.ts';
import type { Given, Layer } from './given.ts';
import { ConfError, parseConf } from './conf-text.ts';
import type { ConfSection } from './conf-text.ts';

/** Largest file, in bytes: a thousand times what people write. */
const MAX_CONF_BYTES = 1_048_576;

/** Most files that one may include. */
const MAX_INCLUDES = 64;

/** The content of the files. */
export interface ConfFiles {
  readonly sections: ReadonlyMap<string, Layer>;
  readonly sectionNames: readonly ConfSection[];
  /** The files, in the order they were read. */
  readonly paths: readonly string[];
  /** What is ignored, to be shown to the user. */
  readonly warnings: readonly string[];
}

/** How to read files. */
export interface ConfReading {
  /** Base of relative names of included files. */
  readonly folder: string;
  /** False with `-noincludeconf`. */
  readonly includes: boolean;
  /** The chosen chain's section, from what was read. Called once, after the first file. */
  sectionOf(sections: ReadonlyMap<string, Layer>): string;
  readonly signal: AbortSignal;
}

/**
 * Reads a file and what it includes. Included files cannot include others, as in Bitcoin Core: a warning says so.
 *
 * @throws {ConfError} A file cannot be read or parsed. @throws {UsageError} As `sectionOf`.
 */
export async function readConfFiles(path: string, reading: ConfReading): Promise<ConfFiles> {
  const sections = new Map<string, Map<string, Given[]>>();
  const sectionNames: ConfSection[] = [];
  const warnings: string[] = [];
  const read = async (file: string): Promise<void> => {
    const { entries, sections: names } = parseConf(await textOf(file, reading.signal), file);
    sectionNames.push(...names);
    for (const { section, name, value, place } of entries) {
      if (name === 'conf') throw new ConfError(`${place}: conf cannot be set in a file; includeconf=FILE includes one`);
      const layer = sections.get(section) ?? new Map<string, Given[]>();
      sections.set(section, layer);
      addGiven(layer, name, { value, origin: `${place}: ${name}` });
    }
  };
  const includesOf = (section: string): readonly Given[] => [
    ...includedIn(sections, section),
    ...includedIn(sections, ''),
  ];

  await read(path);
  if (!reading.includes) return { sections, sectionNames, paths: [path], warnings };
  const section = reading.sectionOf(sections);
  const wanted = includesOf(section);
  if (wanted.length > MAX_INCLUDES) throw new ConfError(`${path}: more than ${MAX_INCLUDES} files are included`);
  const files = wanted.map(({ value }) => {
    const name = String(value);
    return isAbsolute(name) ? name : join(reading.folder, name);
  });
  for (const file of files) await read(file);
  for (const late of includesOf(section)) {
    if (!wanted.includes(late)) warnings.push(`${late.origin}: a file that is included includes no other`);
  }
  return { sections, sectionNames, paths: [path, ...files], warnings };
}

function includedIn(sections: ReadonlyMap<string, Layer>, section: string): readonly Given[] {
  const only = new Map([['', sections.get(section) ?? new Map<string, Given[]>()]]);
  return listOf({ commandLine: new Map(), sections: only }, 'includeconf', { section: '', usesTop: false });
}

async function textOf(file: string, signal: AbortSignal): Promise<string> {
  try {
    return Buffer.from(await readInput(file, { maxBytes: MAX_CONF_BYTES, signal })).toString('utf8');
  } catch (error) {
    if (error instanceof FileError) throw new ConfError(error.message);
    throw error;
  }
}
