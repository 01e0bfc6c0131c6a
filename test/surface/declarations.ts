// The types that ship, read with the TypeScript compiler: which names each entry point has, and what their signatures mention.

import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** Entry points by their name in an import, with the file of their types. */
export const ENTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries(
    (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }).exports,
  ).flatMap(([place, target]): [string, string][] => {
    if (typeof target !== 'object' || target === null) return [];
    const { types } = (target as { import: { types: string } }).import;
    return [[join('sockman', place), join(ROOT, types)]];
  }),
);

/** What public types are computed from: the compiler shows the fields that come out, and nobody names these. */
const COMPUTED_FROM = ['Definitions', 'ValueOf'];

const KINDS: readonly (readonly [ts.SymbolFlags, string])[] = [
  [ts.SymbolFlags.Class, 'class'],
  [ts.SymbolFlags.Function, 'function'],
  [ts.SymbolFlags.Interface, 'type'],
  [ts.SymbolFlags.TypeAlias, 'type'],
  [ts.SymbolFlags.Variable, 'const'],
];

/** The declarations of all entry points. Needs a build. */
export class Surface {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  constructor() {
    const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    this.#program = ts.createProgram([...ENTRIES.values()], { ...options, target: ts.ScriptTarget.ES2022 });
    this.#checker = this.#program.getTypeChecker();
  }

  /** `kind name` for each name of an entry point, sorted by name. */
  namesOf(entry: string): string[] {
    return [...this.#exportsOf(entry)]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((symbol) => `${kindOf(this.#resolved(symbol))} ${symbol.name}`);
  }

  /**
   * What signatures of an entry point mention, directly or by way of each other, and no entry point exports:
   * `name (file)`, each once.
   */
  unreachable(entry: string): string[] {
    const importable = new Set(
      [...ENTRIES.keys()].flatMap((name) => [...this.#exportsOf(name)].map((symbol) => this.#resolved(symbol))),
    );
    const seen = new Set<ts.Symbol>();
    const missing = new Set<string>();
    const visit = (symbol: ts.Symbol): void => {
      if (seen.has(symbol)) return;
      seen.add(symbol);
      for (const declaration of symbol.declarations ?? []) {
        for (const mentioned of this.#mentionedIn(declaration)) {
          if (!importable.has(mentioned)) missing.add(`${mentioned.name} (${placeOf(mentioned)}), of ${symbol.name}`);
          visit(mentioned);
        }
      }
    };
    for (const symbol of this.#exportsOf(entry)) visit(this.#resolved(symbol));
    return [...missing].sort();
  }

  *#exportsOf(entry: string): Generator<ts.Symbol> {
    const file = this.#program.getSourceFile(ENTRIES.get(entry)!);
    if (file === undefined) throw new Error(`${entry} has no types: npm run build:ts`);
    yield* this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(file)!);
  }

  #resolved(symbol: ts.Symbol): ts.Symbol {
    return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : this.#checker.getAliasedSymbol(symbol);
  }

  /** The types of this package in a declaration, type parameters apart. */
  #mentionedIn(declaration: ts.Node): ts.Symbol[] {
    const found: ts.Symbol[] = [];
    const visit = (node: ts.Node): void => {
      const name = typeNameOf(node);
      const symbol = name && this.#checker.getSymbolAtLocation(name);
      if (symbol !== undefined) {
        const resolved = this.#resolved(symbol);
        if (COMPUTED_FROM.includes(resolved.name)) return;
        const isParameter = (resolved.flags & ts.SymbolFlags.TypeParameter) !== 0;
        if (!isParameter && isOurs(resolved)) found.push(resolved);
      }
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return found;
  }
}

/** The name in a place where a type is mentioned. */
function typeNameOf(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return rightmost(node.typeName);
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  if (ts.isTypeQueryNode(node)) return rightmost(node.exprName);
  if (ts.isImportTypeNode(node)) return node.qualifier && rightmost(node.qualifier);
  return undefined;
}

function rightmost(name: ts.EntityName): ts.Node {
  return ts.isQualifiedName(name) ? name.right : name;
}

function isOurs(symbol: ts.Symbol): boolean {
  const place = placeOf(symbol);
  return place !== '' && !place.startsWith('..') && !place.startsWith('node_modules');
}

function placeOf({ declarations }: ts.Symbol): string {
  const file = declarations?.[0]?.getSourceFile().fileName;
  return file === undefined ? '' : relative(ROOT, file);
}

function kindOf(symbol: ts.Symbol): string {
  return KINDS.find(([flag]) => (symbol.flags & flag) !== 0)?.[1] ?? 'other';
}
