import { ConfigError } from '../diagnostic/input-error.ts';
import { elementSpans, endOfLastMember, memberSpans, type Span } from '../json/scan.ts';
import { isStage, type Stage } from '../oci/stage.ts';
import { newEntries } from './apply.ts';
import { type ConfigText, keyOf, parseConfigText, parseSpan } from './config-text.ts';
import { layoutOf, renderHook, renderStages, type TextLayout } from './layout.ts';
import type { InjectionPlan, PlannedHook } from './plan.ts';

/**
 * Gives a config's text with the plan's hooks in it. Entries are inserted in the document's own layout; no other
 * character changes, so numbers, key order, spacing and unknown members stay as they are. A plan that adds nothing gives
 * the text itself.
 *
 * @throws {ConfigError} when the text is no config that hooks can be added to
 */
export function editConfigText(text: string, plan: InjectionPlan): string {
  if (plan.matched.length === 0 && plan.entries.length === 0) return text;
  const parsed = parseConfigText(text);
  if (!parsed.value) throw new ConfigError(parsed.diagnostics);
  return editParsedConfig(parsed.value, plan);
}

/** Does what `editConfigText` does, for a text that was read already. */
export function editParsedConfig(document: ConfigText, plan: InjectionPlan): string {
  if (plan.matched.length === 0 && plan.entries.length === 0) return document.text;
  return splice(document.text, edits(document, plan));
}

/** A replacement: the text from `start` to `end` gives way to `text`. */
interface Edit extends Span {
  readonly text: string;
}

function splice(text: string, changes: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const change of [...changes].sort((left, right) => left.start - right.start)) {
    result += text.slice(from, change.start) + change.text;
    from = change.end;
  }
  return result + text.slice(from);
}

function edits(document: ConfigText, plan: InjectionPlan): Edit[] {
  const { text, config, start } = document;
  // Two members show the layout; a config without hooks is not looked through for more.
  const layout = layoutOf(text, start, memberSpans(text, start, 2));
  const added = newEntries(plan, (stage) => config.hooks?.[stage]);
  if (config.hooks === undefined) {
    const hooks = `"hooks"${layout.colon}${renderStages(added, layout, 1)}`;
    return [appendMember(text, start, endOfLastMember(text), layout, 0, hooks)];
  }
  const hooks = document.members.find((member) => keyOf(text, member) === 'hooks');
  if (!hooks) throw new TypeError('the config has hooks, and its text has none');
  if (config.hooks === null) return [{ ...hooks.value, text: renderStages(added, layout, 1) }];
  return editStages(text, hooks.value, added, layout);
}

function editStages(
  text: string,
  hooks: Span,
  added: ReadonlyMap<Stage, readonly PlannedHook[]>,
  layout: TextLayout,
): Edit[] {
  const members = memberSpans(text, hooks.start);
  const changes: Edit[] = [];
  const missing = new Map(added);
  for (const member of members) {
    const stage = keyOf(text, member);
    const entries = isStage(stage) ? missing.get(stage) : undefined;
    if (!isStage(stage) || !entries) continue;
    missing.delete(stage);
    changes.push(appendEntries(text, member.value, entries, layout));
  }
  if (missing.size > 0) {
    const inner = renderStages(missing, layout, 1, 'members');
    const end = members.at(-1)?.value.end ?? hooks.start + 1;
    changes.push(appendMember(text, hooks.start, end, layout, 1, inner));
  }
  return changes;
}

/** Adds entries to a stage: behind its last one, or in place of `null`. */
function appendEntries(text: string, stage: Span, entries: readonly PlannedHook[], layout: TextLayout): Edit {
  const rendered = entries.map(({ hook }) => renderHook(hook, layout, 3));
  if (parseSpan(text, stage) === null) {
    const lines = rendered.map((entry) => layout.lineBreak(3) + entry).join(layout.comma);
    return { ...stage, text: `[${lines}${layout.lineBreak(2)}]` };
  }
  const last = elementSpans(text, stage.start).at(-1);
  if (!last) {
    const lines = rendered.map((entry) => layout.lineBreak(3) + entry).join(layout.comma);
    const isTight = text[stage.start + 1] === ']';
    return insertion(stage.start + 1, lines + (isTight ? layout.lineBreak(2) : ''));
  }
  // The entries there show how this list is laid out; an entry of several lines goes on its own.
  const before = /\r?\n[ \t]*$/.exec(text.slice(Math.max(stage.start, last.start - 1000), last.start))?.[0];
  const separator = before ?? (layout.comma.endsWith(' ') ? ' ' : '');
  const flat = entries.map(({ hook }) => renderHook(hook, before === undefined ? layout.flat : layout, 3));
  return insertion(last.end, flat.map((entry) => `,${separator}${entry}`).join(''));
}

/** Adds members at the end of an object whose members stand `depth + 1` levels deep, the last of them ending at `end`. */
function appendMember(
  text: string,
  start: number,
  end: number,
  layout: TextLayout,
  depth: number,
  member: string,
): Edit {
  if (end > start + 1) {
    return insertion(end, `${layout.comma.trimEnd()}${layout.lineBreak(depth + 1) || layout.comma.slice(1)}${member}`);
  }
  const isTight = text[start + 1] === '}';
  return insertion(start + 1, `${layout.lineBreak(depth + 1)}${member}${isTight ? layout.lineBreak(depth) : ''}`);
}

function insertion(offset: number, text: string): Edit {
  return { start: offset, end: offset, text };
}
