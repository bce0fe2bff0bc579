import type { DiagnosticArguments, DiagnosticCode } from './code.ts';
import type { Diagnostic } from './diagnostic.ts';
import { escapeControls, quote, shellWord } from './quote.ts';

/** The English of one finding: what it is, why it counts, what to do. */
export interface DiagnosticText {
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

type TextOf<Code extends DiagnosticCode> = (
  args: DiagnosticArguments[Code],
  hint: string | undefined,
) => DiagnosticText;

/** Gives the English of a finding, in three sentences without line breaks and with nothing a terminal would obey. */
export function diagnosticText<Code extends DiagnosticCode>(diagnostic: Diagnostic<Code>): DiagnosticText {
  const { what, why, fix } = TEXT[diagnostic.code](diagnostic.args, diagnostic.hint);
  return { what: escapeControls(what), why: escapeControls(why), fix: escapeControls(fix) };
}

/** Gives findings as data for JSON documents, each with its English. */
export function diagnosticsAsData(diagnostics: readonly Diagnostic[]): readonly object[] {
  return diagnostics.map((diagnostic) => {
    const { what, why, fix } = diagnosticText(diagnostic);
    return { ...diagnostic, message: what, why, fix };
  });
}

/** Gives a finding as one line with what mends it, for those who show no more than a line. */
export function renderLine(diagnostic: Diagnostic): string {
  return `${renderHeadline(diagnostic)} (fix: ${diagnosticText(diagnostic).fix})`;
}

/** Gives the first line of a finding: `file:line:column: severity CODE: text`, as compilers print it. */
export function renderHeadline(diagnostic: Diagnostic): string {
  const { path, at, severity, code } = diagnostic;
  const place = at ? `${path}:${at.line}:${at.column}` : path;
  return `${escapeControls(place)}: ${severity} ${code}: ${diagnosticText(diagnostic).what}`;
}

/**
 * Gives a finding as people read it: the headline, the line of the file it lies on, the reason and the fix.
 *
 * @param text - the file's text; without it the excerpt is left out
 */
export function renderDiagnostic(diagnostic: Diagnostic, text?: string): string {
  const { why, fix } = diagnosticText(diagnostic);
  return [renderHeadline(diagnostic), ...excerpt(diagnostic, text), `  why: ${why}`, `  fix: ${fix}`].join('\n');
}

const EXCERPT_WIDTH = 100;

function excerpt(diagnostic: Diagnostic, text: string | undefined): string[] {
  const { at } = diagnostic;
  if (!at || text === undefined) return [];
  const lineStart = at.offset - at.column + 1;
  const lineEnd = text.slice(lineStart).search(/[\r\n]/);
  const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineStart + lineEnd);
  const from = Math.max(0, Math.min(at.column - 1 - EXCERPT_WIDTH / 2, line.length - EXCERPT_WIDTH));
  const before = escapeControls(line.slice(from, at.column - 1).replaceAll('\t', ' '));
  const after = escapeControls(line.slice(at.column - 1, from + EXCERPT_WIDTH).replaceAll('\t', ' '));
  const gutter = `  ${at.line} | `;
  return [`${gutter}${before}${after}`, `${' '.repeat(gutter.length + before.length)}^`];
}

const LOAD_FAILS =
  'a definition that cannot be read could be the one that protects a container, so nothing is injected';
/** What a mistake in settings leads to. */
const SETTINGS_FAIL = {
  runtime: 'these settings decide which hooks a container gets, so a mistake in them stops every container',
  nri: 'these settings decide which hooks a container gets, so nothing in them is guessed: the plugin does not start with them, and one that the runtime started refuses every container',
} as const;
/** What a definition without its program leads to where containers are decided on. */
const WITHOUT_PROGRAM = {
  fail: 'containers that this definition matches are refused',
  skip: 'containers that this definition matches start without this hook',
} as const;
const RE2 = 'patterns are Go regular expressions (RE2 syntax, https://github.com/google/re2/wiki/Syntax)';

const TEXT: { readonly [Code in DiagnosticCode]: TextOf<Code> } = {
  DIRECTORY_UNREADABLE: ({ reason }) => ({
    what: `cannot read this hooks directory: ${reason}`,
    why: LOAD_FAILS,
    fix: 'name a directory, or leave it out; a directory that does not exist is fine',
  }),
  DIRECTORY_MISSING: () => ({
    what: 'this hooks directory does not exist',
    why: 'it was named, so definitions were meant to lie there; none of them is in force',
    fix: 'correct the path, or make the directory',
  }),
  FILE_UNREADABLE: ({ reason, door }) => ({
    what: `cannot read this file: ${reason}`,
    why: door === undefined ? LOAD_FAILS : SETTINGS_FAIL[door],
    fix: door === undefined ? 'make it readable, or remove it' : 'make it readable, or name another file',
  }),
  FILE_NOT_REGULAR: ({ kind, door }) => ({
    what: `this is a ${kind}, not a regular file`,
    why: door === undefined ? LOAD_FAILS : SETTINGS_FAIL[door],
    fix:
      door !== undefined
        ? 'name the file of the settings itself'
        : 'put a file with a hook definition here, or remove it; a link to /dev/null does not mask a definition',
  }),
  FILE_TOO_LARGE: ({ bytes, limit, door }) => ({
    what: `the file has ${bytes} bytes or more; the limit is ${limit}`,
    why: `${door === undefined ? 'definitions' : 'settings'} are read as root, so their size is bounded`,
    fix: door === undefined ? 'split the definition, or move long data out of it' : 'shorten the settings',
  }),
  FILE_INVALID_UTF8: ({ byteOffset }) => ({
    what: `the byte at offset ${byteOffset} is not valid UTF-8`,
    why: 'each such byte is read as U+FFFD, which is hardly what was meant',
    fix: 'save the file as UTF-8',
  }),
  PERMISSION_UNSAFE: ({ unsafePath, problem, detail }, hint) => ({
    what:
      problem === 'owner'
        ? `${quote(unsafePath)} belongs to ${detail}, who could change it`
        : `${quote(unsafePath)} may be written by others (mode ${detail})`,
    why: 'whoever can change a definition runs programs as root on this machine',
    fix: `run: ${hint ?? 'chown root and chmod go-w'}`,
  }),
  INSTALL_CONFLICT: ({ reason }) => ({
    what: {
      foreign: 'a file of this name is there already, and was not written by `hooks install`',
      changed: 'this file was changed since `hooks install` wrote it',
      'not-a-file': 'something else than a regular file has this name',
      volatile: 'this place is in memory, and the hooks directory is on a disk',
    }[reason],
    why:
      reason === 'volatile'
        ? 'after a reboot the definitions would name a program that is gone, and no container they match could start'
        : 'replacing it would lose what somebody else wrote',
    fix: {
      foreign: 'remove it, or replace it with --force',
      changed: 'remove it, or replace it with --force',
      'not-a-file': 'remove it',
      volatile: 'name a place on a disk with --program, or a hooks directory below /run',
    }[reason],
  }),
  UNINSTALL_CHANGED: () => ({
    what: 'this file was changed since `hooks install` wrote it, so it stays',
    why: 'only what was written is removed; its hook is still injected',
    fix: 'remove it yourself, or with --force',
  }),
  JSON_SYNTAX: ({ expected, found }) => ({
    what: `expected ${expected}, found ${found}`,
    why: 'hook definitions are strict JSON: no comments, no trailing commas, double quotes only',
    fix: 'correct the text here; a YAML definition needs the ending .yaml or .yml',
  }),
  YAML_SYNTAX: ({ reason }) => ({
    what: reason,
    why: 'the file is not one YAML 1.2 document',
    fix: 'correct the text here',
  }),
  BYTE_ORDER_MARK: () => ({
    what: 'the file starts with a byte order mark (U+FEFF)',
    why: 'JSON must not start with one (RFC 8259), and Podman and CRI-O refuse it',
    fix: 'save the file as UTF-8 without BOM',
  }),
  NESTING_TOO_DEEP: ({ limit }) => ({
    what: `values are nested more than ${limit} deep`,
    why: 'no definition needs it, and readers refuse it',
    fix: 'remove the nesting',
  }),
  KEY_DUPLICATE: ({ key }) => ({
    what: `the key ${quote(key)} is given twice`,
    why: 'the last text or list wins and objects are merged, as in Go, which few readers expect',
    fix: 'keep one',
  }),
  KEY_CASE: ({ key, meant }) => ({
    what: `the key ${quote(key)} is read as ${quote(meant)}`,
    why: 'Podman and CRI-O ignore letter case in keys; other programs do not',
    fix: `write ${quote(meant)}`,
  }),
  KEY_UNKNOWN: ({ key, known }, hint) => ({
    what: `the key ${quote(key)} is not known here and has no effect`,
    why: `known keys are ${known.join(', ')}`,
    fix: hint === undefined ? 'remove it' : `did you mean ${quote(hint)}?`,
  }),
  VERSION_MISSING: () => ({
    what: 'the definition has the shape of format 1.0.0 but no "version"',
    why: 'without "version" a definition is read as format 0.1.0 (oci-hooks(5))',
    fix: 'add "version": "1.0.0"',
  }),
  VERSION_UNKNOWN: ({ version }) => ({
    what: `the version ${quote(version)} is not known`,
    why: 'hook definitions have version 1.0.0 or 0.1.0',
    fix: 'write "version": "1.0.0"',
  }),
  TYPE_MISMATCH: ({ expected, found }, hint) => ({
    what: `expected ${expected}, found ${found}`,
    why: 'the format gives this value one type, and Podman and CRI-O refuse any other',
    fix: hint === undefined ? `write ${expected}` : `write ${hint}`,
  }),
  PROPERTY_MISSING: ({ property }, hint) => ({
    what: `the required property ${quote(property)} is missing`,
    why: 'the definition says nothing without it',
    fix:
      hint === undefined ? `add ${quote(property)}` : `did you mean ${quote(property)} where it says ${quote(hint)}?`,
  }),
  PROPERTY_CONFLICT: ({ property, other }) => ({
    what: `${quote(property)} and ${quote(other)} are both given`,
    why: 'they are two names of one property in format 0.1.0',
    fix: `keep ${quote(other)}`,
  }),
  INTEGER_OUT_OF_RANGE: ({ literal }) => ({
    what: `${literal} is not a whole number of 64 bits`,
    why: 'a timeout is an int64 without fraction or exponent',
    fix: 'write whole seconds in plain digits, such as 30',
  }),
  TIMEOUT_NOT_POSITIVE: ({ timeout }) => ({
    what: `a timeout of ${timeout} s ends the hook at once`,
    why: 'runtimes kill a hook when its timeout is over (runtime-spec: it must be greater than zero)',
    fix: 'give seconds greater than 0, or leave "timeout" out',
  }),
  STAGE_UNKNOWN: ({ stage, known }, hint) => ({
    what: `stage ${quote(stage)} is not a hook stage`,
    why: `known stages are ${known.join(', ')}`,
    fix: hint === undefined ? 'use one of these, or declare it with --extension-stage' : `did you mean ${quote(hint)}?`,
  }),
  STAGE_REPEATED: ({ stage }) => ({
    what: `stage ${quote(stage)} is listed twice`,
    why: 'the hook is then injected, and run, twice at that stage',
    fix: 'list it once',
  }),
  STAGES_EMPTY: () => ({
    what: 'the list of stages is empty',
    why: 'the hook is never run',
    fix: 'name a stage, such as "createRuntime"',
  }),
  HOOK_PATH_EMPTY: () => ({
    what: 'the path of the hook is empty',
    why: 'there is nothing to run',
    fix: 'give the absolute path of the program',
  }),
  HOOK_PATH_MISSING: ({ hookPath, onError }) => ({
    what: `${quote(hookPath)} does not exist, so ${onError ? WITHOUT_PROGRAM[onError] : 'this definition is inactive'}`,
    why: onError
      ? 'a container that should have a hook must not start without it, unless onError is skip'
      : 'Podman and CRI-O drop such a definition without a word',
    fix: 'install the program, correct the path, or remove the definition',
  }),
  HOOK_PROGRAM_MISSING: ({ hookPath }) => ({
    what: `${quote(hookPath)} does not exist, and this definition matches the container`,
    why: 'a container that should have a hook must not start without it (onError: fail)',
    fix: "install the program, correct the path, or remove the definition; a plugin in a pod needs --host-root to see the host's files",
  }),
  HOOK_PROGRAM_UNUSABLE: ({ hookPath, problem, reason }) => ({
    what: {
      relative: `${quote(hookPath)} is a relative path, and this definition matches the container`,
      'not-executable': `${quote(hookPath)} is not executable, and this definition matches the container`,
      'not-a-file': `${quote(hookPath)} is not a regular file, and this definition matches the container`,
      unreachable: `${quote(hookPath)} cannot be reached (${reason}), and this definition matches the container`,
    }[problem],
    why: 'the runtime could not run it, and a container that should have a hook must not start without it (onError: fail)',
    fix: {
      relative: 'write the absolute path: a relative one has no meaning in the runtime',
      'not-executable': `run: chmod +x ${shellWord(hookPath)}`,
      'not-a-file': 'name the program itself',
      unreachable: 'correct the path or its permissions',
    }[problem],
  }),
  HOOK_PATH_IN_CONTAINER: ({ hookPath, onError }) => ({
    what: `${quote(hookPath)} does not exist on the host, so ${onError ? WITHOUT_PROGRAM[onError] : 'this startContainer definition is inactive'}`,
    why: "a startContainer hook runs in the container, from the container's files, yet Podman and CRI-O look on the host",
    fix: 'to run a host program in the container\'s namespaces use the stage "createContainer"',
  }),
  HOOK_PATH_UNREACHABLE: ({ hookPath, reason }) => ({
    what: `cannot tell whether ${quote(hookPath)} exists: ${reason}`,
    why: LOAD_FAILS,
    fix: 'correct the path or its permissions',
  }),
  HOOK_PATH_RELATIVE: ({ hookPath }, hint) => ({
    what: `${quote(hookPath)} is a relative path`,
    why: 'the runtime-spec wants an absolute path; a relative one depends on the working directory, and runtimes refuse it',
    fix: hint === undefined ? 'write the absolute path' : `write ${quote(hint)}`,
  }),
  HOOK_PATH_NOT_A_FILE: ({ hookPath }) => ({
    what: `${quote(hookPath)} is not a regular file`,
    why: 'the container will not start when the runtime tries to run it',
    fix: 'name the program itself',
  }),
  HOOK_NOT_EXECUTABLE: ({ hookPath }, hint) => ({
    what: `${quote(hookPath)} exists but is not executable`,
    why: 'the container will not start when the runtime tries to run it',
    fix: `run: ${hint ?? 'chmod +x'}`,
  }),
  WHEN_NEVER_MATCHES: ({ reason }) => ({
    what: {
      empty: 'there is no condition, so this definition never matches',
      'always-false': '"always": false never matches',
      'has-bind-mounts-false': '"hasBindMounts": false never matches',
    }[reason],
    why: {
      empty: 'a definition matches only when at least one condition is met',
      'always-false': 'false does not mean "do not care": the whole definition is off',
      'has-bind-mounts-false': 'false does not mean "without bind mounts": the whole definition is off',
    }[reason],
    fix: reason === 'empty' ? 'add a condition, such as "always": true' : 'write true, or remove the condition',
  }),
  WHEN_NOT_CONVERTIBLE: ({ conditions }) => ({
    what: `format 1.0.0 cannot say: any of ${conditions.join(', ')}`,
    why: 'in format 0.1.0 one condition is enough, in 1.0.0 all must hold, so the same conditions match fewer containers',
    fix: 'write one 1.0.0 definition for each kind of condition; a container that meets several then gets the hook as often',
  }),
  PATTERN_SYNTAX: ({ pattern, reason, dialect }, hint) => ({
    what: `the pattern ${quote(pattern)} is not valid: ${reason}`,
    why:
      dialect === undefined
        ? RE2
        : `${RE2}; this is ${dialect === 'javascript' ? 'JavaScript or Perl' : 'POSIX or GNU'} syntax that RE2 does not have`,
    fix: hint === undefined ? 'correct the pattern' : `write ${hint}`,
  }),
  PATTERN_TOO_LONG: ({ length, limit }) => ({
    what: `the pattern has ${length} bytes; the limit is ${limit}`,
    why: 'matching must stay fast for whoever waits for a container',
    fix: 'shorten it, or split it into several definitions',
  }),
  PATTERN_DOT_UNESCAPED: ({ pattern }, hint) => ({
    what: `the dots in ${quote(pattern)} match any character`,
    why: 'in a regular expression "." is not a plain dot, so the pattern also matches other names',
    fix:
      hint === undefined
        ? 'escape each dot with a backslash'
        : `write ${quote(hint)}, which JSON spells ${JSON.stringify(hint)}`,
  }),
  PATTERN_POSIX: ({ pattern, fragment }, hint) => ({
    what: `in ${quote(pattern)}, ${quote(fragment)} is a plain character`,
    why: `${RE2}; it looks like POSIX or GNU syntax, where it has another meaning`,
    fix: hint === undefined ? 'write it in RE2 syntax' : `write ${hint}`,
  }),
  RUNTIME_STAGE_UNSUPPORTED: ({ stage, runtime }) => ({
    what: `${quote(runtime)} does not run ${quote(stage)} hooks`,
    why: 'its `features` do not list the stage, so the hook would be ignored',
    fix: 'choose another stage or another runtime',
  }),
  POLICY_VALUE: ({ problem }) => ({
    what: problem,
    why: 'the policy decides what containers may ask for, so nothing in it is guessed: schemas/policy.json',
    fix: 'correct it; docs/devices.md has an example',
  }),
  POLICY_REFUSED: ({ wish, line }) => ({
    what: `an annotation asks for ${quote(wish)}, and the policy does not grant it`,
    why: 'whoever may create a container writes its annotations, so they grant nothing by themselves',
    fix: `where that is meant, add to the policy: ${line}`,
  }),
  SETTING_VALUE: ({ problem, door = 'runtime' }, hint) => ({
    what: problem,
    why: SETTINGS_FAIL[door],
    fix: hint === undefined ? `see schemas/${door}.json and docs/${door}.md` : `write ${quote(hint)}`,
  }),
  PROFILE_UNKNOWN: ({ profile, known }, hint) => ({
    what: `there is no profile ${quote(profile)} under "profiles"`,
    why: 'the program was started under a name that ends in it, so its settings were meant',
    fix:
      hint === undefined
        ? `add it, or use ${known.map(quote).join(', ') || 'the name hooks-runtime alone'}`
        : `name the program hooks-runtime-${hint}, or add the profile`,
  }),
  CONFIG_SYNTAX: ({ expected, found }) => ({
    what: `expected ${expected}, found ${found}`,
    why: 'config.json must be one JSON document',
    fix: 'correct the text here; nothing was changed',
  }),
  CONFIG_INVALID_UTF8: ({ byteOffset }) => ({
    what: `the byte at offset ${byteOffset} is not valid UTF-8`,
    why: 'decoding would change it, and no byte of a config may be lost',
    fix: 'write the config as UTF-8; nothing was changed',
  }),
  CONFIG_TOO_LARGE: ({ bytes, limit }) => ({
    what: `the config has ${bytes} bytes or more; the limit is ${limit}`,
    why: 'the config is read as root, so its size is bounded',
    fix: 'nothing was changed; check what wrote it',
  }),
  CONFIG_TYPE: ({ expected, found }) => ({
    what: `expected ${expected}, found ${found}`,
    why: 'this is not a config.json of the OCI runtime-spec',
    fix: `write ${expected}; nothing was changed`,
  }),
  CONFIG_DUPLICATE_KEY: ({ key }) => ({
    what: `the key ${quote(key)} is given twice`,
    why: 'runtimes disagree which one counts, so hooks could be lost',
    fix: 'keep one; nothing was changed',
  }),
  CONFIG_KEY_CASE: ({ key, meant }) => ({
    what: `the key ${quote(key)} is read as ${quote(meant)} by some runtimes and not by others`,
    why: 'hooks added under the one name would be lost under the other',
    fix: `write ${quote(meant)}; nothing was changed`,
  }),
  PROCESS_ARGS_EMPTY: ({ definition }) => ({
    what: `process.args is empty, so the commands condition of ${quote(definition)} cannot be decided`,
    why: 'a container with a process must name its program (runtime-spec, config.md, process)',
    fix: 'give process.args at least one entry, or remove "process"',
  }),
  DECISION_FAILED: ({ reason }) => ({
    what: `it cannot be decided which hooks the container gets: ${reason}`,
    why: 'a fault of the program must not let a container start without its hooks',
    fix: 'please report this, with the container and the definitions',
  }),
  ANNOTATIONS_TOO_MANY: ({ count, definitions }) => ({
    what: `the container has ${count} annotations, and ${definitions} definitions look at every one of them`,
    why: 'to decide that would hold up every other container, until the runtime goes on without hooks',
    fix: 'give the container fewer annotations, or name the whole key in the definitions: ^key$',
  }),
  COMMAND_TOO_LONG: ({ length, limit }) => ({
    what: `process.args[0] has ${length} bytes; the limit is ${limit}`,
    why: 'matching must stay fast for whoever waits for a container',
    fix: 'name a program; no path is that long',
  }),
  ANNOTATION_TOO_LONG: ({ key, length, limit }) => ({
    what: `the annotation ${quote(key)} has ${length} bytes; the limit is ${limit}`,
    why: 'matching must stay fast for whoever waits for a container',
    fix: 'shorten the annotation',
  }),
};
