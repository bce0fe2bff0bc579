import type { MemberSpan } from '../json/scan.ts';
import type { Hook } from '../oci/hook.ts';
import type { Stage } from '../oci/stage.ts';
import type { PlannedHook } from './plan.ts';

/** How a JSON text is laid out, as far as inserted text should look like it. */
export interface TextLayout {
  /** What stands between a key and its value. */
  readonly colon: string;
  /** What stands between members on one line; a line break replaces its space. */
  readonly comma: string;
  /** Gives the line break and indentation before something `depth` levels deep; empty when all stands on one line. */
  readonly lineBreak: (depth: number) => string;
  /** The same text on one line. */
  readonly flat: TextLayout;
}

// What is inserted repeats this space again and again; a hostile config must not make megabytes of it.
const LONGEST_SPACE = 16;

/** Finds the layout of a document from its first member: its indentation, its line ends, the space after its colon. */
export function layoutOf(text: string, start: number, members: readonly MemberSpan[]): TextLayout {
  const first = members[0];
  const written = first ? text.slice(first.key.end, Math.min(first.value.start, first.key.end + LONGEST_SPACE)) : ': ';
  const colon = written.includes(':') ? written.replace(/[\r\n]/g, '') : ': ';
  const second = members[1];
  const between = first && second ? text.slice(first.value.end, second.key.start) : ', ';
  const comma = /^,[ \t]+$/.test(between) ? ', ' : ',';
  const leading = first && /(\r?\n)([ \t]*)$/.exec(text.slice(start, first.key.start));
  const flat: TextLayout = {
    colon,
    comma: leading ? ', ' : comma,
    lineBreak: () => '',
    get flat() {
      return flat;
    },
  };
  if (!leading) return flat;
  const [, newline = '\n', leadingSpace = ''] = leading;
  const indent = leadingSpace.slice(0, LONGEST_SPACE);
  return { colon, comma: ',', lineBreak: (depth) => newline + indent.repeat(depth), flat };
}

/** Gives a hook as JSON; exact for timeouts beyond 2^53. Empty lists are left out, as Go leaves them out. */
export function renderHook(hook: Hook, layout: TextLayout, depth: number): string {
  const texts = (list: readonly string[]): string =>
    renderList(
      '[',
      ']',
      list.map((text) => JSON.stringify(text)),
      layout,
      depth + 1,
    );
  const members = [`"path"${layout.colon}${JSON.stringify(hook.path)}`];
  if (hook.args) members.push(`"args"${layout.colon}${texts(hook.args)}`);
  if (hook.env) members.push(`"env"${layout.colon}${texts(hook.env)}`);
  if (hook.timeout !== undefined) members.push(`"timeout"${layout.colon}${hook.timeout}`);
  return renderList('{', '}', members, layout, depth);
}

/** Gives an object of stages with their hooks, or its members alone. */
export function renderStages(
  stages: ReadonlyMap<Stage, readonly PlannedHook[]>,
  layout: TextLayout,
  depth: number,
  what: 'object' | 'members' = 'object',
): string {
  const members = Array.from(stages, ([stage, entries]) => {
    const hooks = entries.map(({ hook }) => renderHook(hook, layout, depth + 2));
    return `"${stage}"${layout.colon}${renderList('[', ']', hooks, layout, depth + 1)}`;
  });
  if (what === 'members') return members.join(separator(layout, depth + 1));
  return renderList('{', '}', members, layout, depth);
}

function renderList(open: string, close: string, parts: readonly string[], layout: TextLayout, depth: number): string {
  if (parts.length === 0) return open + close;
  return (
    open + layout.lineBreak(depth + 1) + parts.join(separator(layout, depth + 1)) + layout.lineBreak(depth) + close
  );
}

function separator(layout: TextLayout, depth: number): string {
  return layout.comma + layout.lineBreak(depth);
}
