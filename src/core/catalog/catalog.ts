import type { HookDefinition } from '../definition/hook-definition.ts';
import { type LocatedDefinition, type ReadDefinitionOptions, readDefinition } from '../definition/parse.ts';
import { type Diagnostic, hasErrors, inFileOrder } from '../diagnostic/diagnostic.ts';
import {
  type CompiledDefinition,
  compileDefinition,
  compileLiterally,
  createLiteralPatterns,
  createPatternCompiler,
  type LiteralPatterns,
  needsRegexEngine,
} from '../when/compile.ts';
import type { RegexEngine } from '../when/pattern.ts';
import { checkHookPath, type FindHookProgram } from './hook-path.ts';
import { type CatalogIndex, createIndex } from './index-by-key.ts';
import { injectionOrder } from './order.ts';

/** The text of one definition file. Its name is the last part of `path`. */
export interface DefinitionFile {
  readonly path: string;
  readonly text: string;
}

/** A definition that is not in force because a file of the same name in a preferred directory replaces it. */
export interface MaskedDefinition {
  readonly name: string;
  readonly path: string;
  readonly maskedBy: string;
}

/**
 * All definitions of some hooks directories, ready to be planned with.
 *
 * `definitions` are those in force, in the order of injection; `masked` and `inactive` (their program does not exist) are
 * not. `hasErrors` says whether `diagnostics` holds an error: then nothing may be injected.
 */
export interface Catalog {
  readonly definitions: readonly HookDefinition[];
  readonly masked: readonly MaskedDefinition[];
  readonly inactive: readonly HookDefinition[];
  readonly diagnostics: readonly Diagnostic[];
  readonly hasErrors: boolean;
  /** Set by `watchCatalog` when `diagnostics` are of a newer state, whose errors keep it from taking this one's place. */
  readonly isStale?: boolean;
  readonly extensionStages: readonly string[];
  /** For planning only. */
  readonly compiled: readonly CompiledDefinition[];
  /** For planning only. */
  readonly index: CatalogIndex;
  /** For planning only: those of `inactive` that would be in force if their program existed. */
  readonly waiting: { readonly compiled: readonly CompiledDefinition[]; readonly index: CatalogIndex };
}

/** What making a catalog may need from its caller. */
export interface CatalogOptions extends ReadDefinitionOptions {
  /** Looks for a hook's program; without it every program is taken to exist. */
  readonly findHookProgram?: FindHookProgram;
}

/** A definition that was read; compiled as well where that takes no regex engine and finds nothing. */
interface ReadDefinition extends LocatedDefinition {
  readonly compiled: CompiledDefinition | undefined;
}

/** Definitions that are read but not all compiled yet, so that the caller knows whether a regex engine is needed. */
export interface ReadFiles {
  /** All files, in the order in which findings are told. */
  readonly paths: readonly string[];
  readonly located: readonly ReadDefinition[];
  readonly diagnostics: readonly Diagnostic[];
  readonly needsRegexEngine: boolean;
  /** The patterns that were looked at to tell, so that none is looked at twice. */
  readonly literals: LiteralPatterns;
}

/** Reads definition files; every finding of every file is kept. */
export function readFiles(files: readonly DefinitionFile[], options: CatalogOptions = {}): ReadFiles {
  const located: ReadDefinition[] = [];
  const diagnostics: Diagnostic[] = [];
  const literals = createLiteralPatterns();
  let isEngineNeeded = false;
  for (const file of files) {
    const parsed = readDefinition(file, options);
    if (parsed.diagnostics.length > 0) diagnostics.push(...parsed.diagnostics);
    if (!parsed.value) continue;
    const { definition, locate, isValid } = parsed.value;
    const compiled = compileLiterally(definition, literals);
    located.push({ definition, locate, isValid, compiled });
    if (!compiled) isEngineNeeded ||= needsRegexEngine(definition, literals);
  }
  return { paths: files.map(({ path }) => path), located, diagnostics, needsRegexEngine: isEngineNeeded, literals };
}

/**
 * Makes the catalog of definitions that were read, least preferred directory first. A later file masks an earlier one of
 * the same name when it is valid and its program exists.
 */
export function buildCatalog(read: ReadFiles, engine: RegexEngine, options: CatalogOptions = {}): Catalog {
  const compiler = createPatternCompiler(engine, read.literals);
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const inForce = new Map<string, RankedDefinition>();
  const masked: MaskedDefinition[] = [];
  const inactive: HookDefinition[] = [];
  const waiting = new Map<string, CompiledDefinition>();
  const directories = new Map<string, number>();
  for (const { definition, locate, isValid, compiled: literally } of read.located) {
    const directory = definition.path.slice(0, definition.path.length - definition.name.length);
    const rank = directories.get(directory) ?? directories.size;
    directories.set(directory, rank);
    const whole = literally ? undefined : compileDefinition(definition, compiler, locate);
    if (whole) diagnostics.push(...whole.diagnostics);
    if (!isValid) continue;
    const compiled = literally ?? whole?.value;
    const program = checkHookPath(definition, locate, options.findHookProgram);
    if (program.diagnostics.length > 0) diagnostics.push(...program.diagnostics);
    const { name, path } = definition;
    if (!program.exists && compiled && !hasErrors(program.diagnostics)) {
      inactive.push(definition);
      waiting.set(name, compiled);
    }
    if (!compiled || !program.exists) continue;
    // Preferred to the one without its program, so that one is not missed.
    waiting.delete(name);
    const earlier = inForce.get(name);
    if (earlier) masked.push({ name, path: earlier.compiled.definition.path, maskedBy: path });
    inForce.set(name, { name, rank, compiled });
  }
  const compiled = injectionOrder([...inForce.values()]).map((ranked) => ranked.compiled);
  return {
    definitions: compiled.map(({ definition }) => definition),
    masked,
    inactive,
    diagnostics: inFileOrder(diagnostics, read.paths),
    hasErrors: hasErrors(diagnostics),
    extensionStages: options.extensionStages ?? [],
    compiled,
    index: createIndex(compiled),
    waiting: { compiled: [...waiting.values()], index: createIndex([...waiting.values()]) },
  };
}

interface RankedDefinition {
  readonly name: string;
  readonly rank: number;
  readonly compiled: CompiledDefinition;
}
