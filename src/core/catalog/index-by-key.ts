import type { AnnotationMatcher, CompiledDefinition } from '../when/compile.ts';
import type { MatchSubject } from '../when/match.ts';

/**
 * Finds the definitions that can match a container without looking at the others. Positions are those of the catalog's
 * order.
 *
 * A definition that wants an annotation of one literal key stands under that key, and under its value when that is
 * literal too; one whose commands are all literal stands under each; the rest are always tried.
 */
export interface CatalogIndex {
  readonly byAnnotation: ReadonlyMap<string, readonly number[]>;
  readonly byCommand: ReadonlyMap<string, readonly number[]>;
  /** Those of `byCommand`, for containers whose command is not known: conditions say what happens then. */
  readonly withCommand: readonly number[];
  readonly unindexed: readonly number[];
}

/** Makes the index of compiled definitions. */
export function createIndex(compiled: readonly CompiledDefinition[]): CatalogIndex {
  const byAnnotation = new Map<string, number[]>();
  const byCommand = new Map<string, number[]>();
  const withCommand: number[] = [];
  const unindexed: number[] = [];
  for (const [position, { definition, annotations, commands }] of compiled.entries()) {
    const { combine, always, hasBindMounts } = definition.when;
    if (combine === 'all' && (always === false || hasBindMounts === false)) continue;
    const key = combine === 'all' ? literalBucket(annotations) : undefined;
    if (key !== undefined) {
      insert(byAnnotation, key, position);
      continue;
    }
    const exactCommands = commands.flatMap(({ exact }) => exact ?? []);
    if (combine === 'all' && commands.length > 0 && exactCommands.length === commands.length) {
      for (const command of new Set(exactCommands)) insert(byCommand, command, position);
      withCommand.push(position);
    } else {
      unindexed.push(position);
    }
  }
  return { byAnnotation, byCommand, withCommand, unindexed };
}

function literalBucket(annotations: readonly AnnotationMatcher[]): string | undefined {
  for (const { key, value } of annotations) if (key.exact !== undefined) return bucket(key.exact, value.exact);
  return undefined;
}

/** Gives the positions of the definitions that can match, in order; all others cannot. */
export function candidates(index: CatalogIndex, subject: MatchSubject): readonly number[] {
  const lists: (readonly number[])[] = [index.unindexed];
  if (index.byAnnotation.size > 0) {
    for (const [key, value] of subject.annotations) {
      lists.push(index.byAnnotation.get(bucket(key)) ?? [], index.byAnnotation.get(bucket(key, value)) ?? []);
    }
  }
  const { command } = subject;
  lists.push(typeof command === 'string' ? (index.byCommand.get(command) ?? []) : index.withCommand);
  const found = lists.filter((list) => list.length > 0);
  if (found.length <= 1) return found[0] ?? [];
  // Every position stands in one bucket of each map at most, and in one of the lists; no two lists share one.
  return found.flat().sort((left, right) => left - right);
}

/** The length of the key keeps one key with a value apart from another. */
function bucket(key: string, value?: string): string {
  return value === undefined ? `k${key}` : `v${key.length}:${key}${value}`;
}

function insert(map: Map<string, number[]>, key: string, position: number): void {
  const list = map.get(key);
  if (list) list.push(position);
  else map.set(key, [position]);
}
