import type { Catalog } from '../catalog/catalog.ts';
import { candidates } from '../catalog/index-by-key.ts';
import type { HookDefinition } from '../definition/hook-definition.ts';
import { type Diagnostic, error } from '../diagnostic/diagnostic.ts';
import { ConfigError, DefinitionError } from '../diagnostic/input-error.ts';
import type { OciHooks } from '../oci/config.ts';
import type { Hook } from '../oci/hook.ts';
import type { Stage } from '../oci/stage.ts';
import { isStage } from '../oci/stage.ts';
import { utf8Length } from '../when/byte-length.ts';
import type { CompiledDefinition } from '../when/compile.ts';
import type { ContainerView } from '../when/container.ts';
import { type MatchSubject, matchDefinition } from '../when/match.ts';
import { judgeDefinition, type Verdict } from '../when/verdict.ts';
import { existingEntries, identityOf } from './identity.ts';

/** The most bytes that an annotation's key or value, or a command, may have: matching time grows with it. */
export const MATCHED_TEXT_LIMIT: number = 256 * 1024;

/** How a plan is made. */
export interface PlanOptions {
  /** Where `prestart` hooks go: as written, or to createRuntime as containers/common does since 2024. */
  readonly prestart?: 'prestart' | 'createRuntime';
  /** Whether an entry that its stage holds already is added again. */
  readonly duplicates?: 'skip' | 'keep';
}

/** One hook to add at the end of a stage; `definition` is the name of the file that asks for it. */
export interface PlannedHook {
  readonly stage: Stage;
  readonly hook: Hook;
  readonly definition: string;
}

/** One hook that was left out, because its stage holds the same entry already. */
export interface SkippedHook {
  readonly stage: Stage;
  readonly definition: string;
}

/**
 * What to do to a container's config: a value, applied by `applyPlan` or `editConfigText`.
 *
 * `entries` in the order they are added; `extension` holds the hooks of extension stages, which never go into the
 * config; `matched` names every definition that matched, also one that adds nothing. `verdicts` says of each definition
 * why, `matchedVerdicts` of those that matched only, which costs much less; both are worked out when first asked for.
 */
export interface InjectionPlan {
  readonly entries: readonly PlannedHook[];
  readonly extension: Readonly<Record<string, readonly ExtensionHook[]>>;
  readonly skipped: readonly SkippedHook[];
  readonly matched: readonly string[];
  readonly duplicates: 'skip' | 'keep';
  readonly verdicts: readonly Verdict[];
  readonly matchedVerdicts: readonly Verdict[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A hook of an extension stage, which the caller's engine runs itself. */
export interface ExtensionHook {
  readonly hook: Hook;
  readonly definition: string;
}

/**
 * Plans which hooks a container gets: those of every matching definition, in the catalog's order, at each of its stages.
 *
 * @throws {DefinitionError} when the catalog holds errors
 * @throws {ConfigError} `PROCESS_ARGS_EMPTY` where a commands condition is reached and process.args is empty;
 *   `ANNOTATION_TOO_LONG`, `COMMAND_TOO_LONG` beyond `MATCHED_TEXT_LIMIT`
 */
export function planInjection(catalog: Catalog, container: ContainerView, options: PlanOptions = {}): InjectionPlan {
  if (catalog.hasErrors) throw new DefinitionError(catalog.diagnostics);
  const subject = matchSubject(container);
  const duplicates = options.duplicates ?? 'skip';
  const prestart = options.prestart ?? 'prestart';
  const isThere = duplicates === 'skip' ? alreadyThere(container.hooks) : () => false;
  const entries: PlannedHook[] = [];
  const skipped: SkippedHook[] = [];
  const matched: CompiledDefinition[] = [];
  const extension = new Map<string, ExtensionHook[]>();

  for (const position of candidates(catalog.index, subject)) {
    const compiled = catalog.compiled[position];
    if (!compiled) continue;
    const result = matchDefinition(compiled, subject);
    if (result === 'not-matched') continue;
    const { name, hook, stages } = compiled.definition;
    if (result === 'args-empty') throw argsEmpty(name);
    matched.push(compiled);
    for (const written of stages) {
      if (catalog.extensionStages.includes(written)) {
        const hooks = extension.get(written);
        if (hooks) hooks.push({ hook, definition: name });
        else extension.set(written, [{ hook, definition: name }]);
        continue;
      }
      const stage = written === 'prestart' ? prestart : written;
      if (!isStage(stage)) continue;
      if (isThere(stage, hook)) skipped.push({ stage, definition: name });
      else entries.push({ stage, hook, definition: name });
    }
  }
  let verdicts: readonly Verdict[] | undefined;
  let matchedVerdicts: readonly Verdict[] | undefined;
  return {
    entries,
    extension: Object.fromEntries(extension),
    skipped,
    matched: matched.map(({ definition }) => definition.name),
    duplicates,
    get verdicts() {
      verdicts ??= catalog.compiled.map((compiled) => judgeDefinition(compiled, subject));
      return verdicts;
    },
    get matchedVerdicts() {
      matchedVerdicts ??= matched.map((compiled) => judgeDefinition(compiled, subject));
      return matchedVerdicts;
    },
    diagnostics: catalog.diagnostics,
  };
}

/**
 * Gives the verdict on every definition in force, in the order of injection; also where the plan as a whole cannot be made.
 *
 * @throws {ConfigError} `ANNOTATION_TOO_LONG`, `COMMAND_TOO_LONG`
 */
export function explainInjection(catalog: Catalog, container: ContainerView): readonly Verdict[] {
  const subject = matchSubject(container);
  return catalog.compiled.map((compiled) => judgeDefinition(compiled, subject));
}

/**
 * Gives the inactive definitions that match a container: their hooks are missing only because their program is. One that
 * a preferred definition of its name replaces is not among them.
 *
 * @throws {ConfigError} `ANNOTATION_TOO_LONG`, `COMMAND_TOO_LONG`
 */
export function matchInactive({ waiting }: Catalog, container: ContainerView): readonly HookDefinition[] {
  if (waiting.compiled.length === 0) return [];
  const subject = matchSubject(container);
  const found: HookDefinition[] = [];
  for (const position of candidates(waiting.index, subject)) {
    const compiled = waiting.compiled[position];
    if (compiled && matchDefinition(compiled, subject) !== 'not-matched') found.push(compiled.definition);
  }
  return found;
}

/** Gives the container as matching reads it; lone surrogates are matched as U+FFFD, as Go reads them. */
export function matchSubject(container: ContainerView): MatchSubject {
  // JSON null stands for the empty text in Go, and a config may hold it whatever the type says. Keys that differ in lone
  // surrogates only are one key, with the last value: a definition must not be found twice under it.
  const annotations = new Map(
    Object.entries(container.annotations).map(([key, value]) => [key.toWellFormed(), (value ?? '').toWellFormed()]),
  );
  for (const [key, value] of annotations) {
    for (const text of [key, value]) {
      const length = tooLong(text);
      if (length === undefined) continue;
      const place = { path: 'config.json', pointer: '/annotations' };
      throw new ConfigError([error('ANNOTATION_TOO_LONG', place, { key, length, limit: MATCHED_TEXT_LIMIT })]);
    }
  }
  const command = container.args && (container.args[0]?.toWellFormed() ?? null);
  const length = typeof command === 'string' ? tooLong(command) : undefined;
  if (length !== undefined) {
    const place = { path: 'config.json', pointer: '/process/args/0' };
    throw new ConfigError([error('COMMAND_TOO_LONG', place, { length, limit: MATCHED_TEXT_LIMIT })]);
  }
  return { command, annotations: [...annotations], hasBindMounts: container.hasBindMounts };
}

function tooLong(text: string): number | undefined {
  if (text.length <= MATCHED_TEXT_LIMIT / 4) return undefined;
  const length = utf8Length(text);
  return length > MATCHED_TEXT_LIMIT ? length : undefined;
}

function argsEmpty(definition: string): ConfigError {
  return new ConfigError([
    error('PROCESS_ARGS_EMPTY', { path: 'config.json', pointer: '/process/args' }, { definition }),
  ]);
}

/** Tells whether a stage of the config holds a hook already; the config's entries are looked at once per stage. */
function alreadyThere(hooks: OciHooks | undefined): (stage: Stage, hook: Hook) => boolean {
  const known = new Map<Stage, ReadonlySet<string>>();
  return (stage, hook) => {
    const written = hooks?.[stage];
    if (!Array.isArray(written) || written.length === 0) return false;
    const identities = known.get(stage) ?? existingEntries(written);
    known.set(stage, identities);
    return identities.has(identityOf(hook));
  };
}
