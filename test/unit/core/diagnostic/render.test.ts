import { describe, expect, it } from 'vitest';
import type { DiagnosticArguments, DiagnosticCode } from '../../../../src/core/diagnostic/code.ts';
import { type Diagnostic, error } from '../../../../src/core/diagnostic/diagnostic.ts';
import { diagnosticText, renderDiagnostic, renderHeadline } from '../../../../src/core/diagnostic/render.ts';

type Sample = {
  readonly [Code in DiagnosticCode]: readonly [
    args: DiagnosticArguments[Code],
    what: string,
    fix: string,
    hint?: string,
  ];
};

// The prose of each code, read once here; everywhere else tests look at codes.
const SAMPLES: Sample = {
  DIRECTORY_UNREADABLE: [{ reason: 'ENOTDIR' }, 'cannot read this hooks directory: ENOTDIR', 'name a directory'],
  DIRECTORY_MISSING: [{}, 'this hooks directory does not exist', 'correct the path'],
  FILE_UNREADABLE: [{ reason: 'EACCES' }, 'cannot read this file: EACCES', 'make it readable'],
  FILE_NOT_REGULAR: [{ kind: 'FIFO' }, 'this is a FIFO, not a regular file', 'put a file'],
  FILE_TOO_LARGE: [{ bytes: 9, limit: 8 }, 'the file has 9 bytes or more; the limit is 8', 'split the definition'],
  FILE_INVALID_UTF8: [{ byteOffset: 3 }, 'the byte at offset 3 is not valid UTF-8', 'save the file as UTF-8'],
  PERMISSION_UNSAFE: [
    { unsafePath: '/d', problem: 'writable', detail: '0777' },
    '"/d" may be written by others (mode 0777)',
    'run: chmod go-w /d',
    'chmod go-w /d',
  ],
  INSTALL_CONFLICT: [
    { reason: 'foreign' },
    'a file of this name is there already, and was',
    'remove it, or replace it',
  ],
  UNINSTALL_CHANGED: [{}, 'this file was changed since `hooks install` wrote it', 'remove it yourself'],
  JSON_SYNTAX: [{ expected: '":"', found: '"1"' }, 'expected ":", found "1"', 'correct the text here'],
  YAML_SYNTAX: [{ reason: 'Tabs are not allowed' }, 'Tabs are not allowed', 'correct the text here'],
  BYTE_ORDER_MARK: [{}, 'the file starts with a byte order mark (U+FEFF)', 'save the file as UTF-8 without BOM'],
  NESTING_TOO_DEEP: [{ limit: 100 }, 'values are nested more than 100 deep', 'remove the nesting'],
  KEY_DUPLICATE: [{ key: 'hook' }, 'the key "hook" is given twice', 'keep one'],
  KEY_CASE: [{ key: 'When', meant: 'when' }, 'the key "When" is read as "when"', 'write "when"'],
  KEY_UNKNOWN: [
    { key: 'hooks', known: ['hook'] },
    'the key "hooks" is not known here and has no effect',
    'did you mean "hook"?',
    'hook',
  ],
  VERSION_MISSING: [{}, 'the definition has the shape of format 1.0.0 but no "version"', 'add "version": "1.0.0"'],
  VERSION_UNKNOWN: [{ version: '2' }, 'the version "2" is not known', 'write "version": "1.0.0"'],
  TYPE_MISMATCH: [
    { expected: 'true or false', found: 'a string' },
    'expected true or false, found a string',
    'write true',
    'true',
  ],
  PROPERTY_MISSING: [
    { property: 'hook' },
    'the required property "hook" is missing',
    'did you mean "hook" where it says "hooks"?',
    'hooks',
  ],
  PROPERTY_CONFLICT: [{ property: 'cmd', other: 'cmds' }, '"cmd" and "cmds" are both given', 'keep "cmds"'],
  INTEGER_OUT_OF_RANGE: [{ literal: '1e2' }, '1e2 is not a whole number of 64 bits', 'write whole seconds'],
  TIMEOUT_NOT_POSITIVE: [{ timeout: '0' }, 'a timeout of 0 s ends the hook at once', 'give seconds greater than 0'],
  STAGE_UNKNOWN: [
    { stage: 'preStart', known: ['prestart'] },
    'stage "preStart" is not a hook stage',
    'did you mean "prestart"?',
    'prestart',
  ],
  STAGE_REPEATED: [{ stage: 'prestart' }, 'stage "prestart" is listed twice', 'list it once'],
  STAGES_EMPTY: [{}, 'the list of stages is empty', 'name a stage'],
  HOOK_PATH_EMPTY: [{}, 'the path of the hook is empty', 'give the absolute path'],
  HOOK_PATH_MISSING: [{ hookPath: '/x' }, '"/x" does not exist, so this definition is inactive', 'install the program'],
  DECISION_FAILED: [{ reason: 'x' }, 'it cannot be decided which hooks the container gets: x', 'please report this'],
  ANNOTATIONS_TOO_MANY: [
    { count: 9000, definitions: 1000 },
    'the container has 9000 annotations, and 1000 definitions look at every one of them',
    'give the container fewer annotations',
  ],
  HOOK_PROGRAM_UNUSABLE: [
    { hookPath: '/a b', problem: 'not-executable' },
    '"/a b" is not executable, and this definition matches the container',
    "run: chmod +x '/a b'",
  ],
  HOOK_PROGRAM_MISSING: [
    { hookPath: '/x' },
    '"/x" does not exist, and this definition matches the container',
    'install the program, correct the path, or remove the definition',
  ],
  HOOK_PATH_IN_CONTAINER: [
    { hookPath: '/x' },
    '"/x" does not exist on the host, so this startContainer definition is inactive',
    'to run a host program in the container\'s namespaces use the stage "createContainer"',
    'createContainer',
  ],
  HOOK_PATH_UNREACHABLE: [
    { hookPath: '/x', reason: 'ELOOP' },
    'cannot tell whether "/x" exists: ELOOP',
    'correct the path or its permissions',
  ],
  HOOK_PATH_RELATIVE: [{ hookPath: 'x' }, '"x" is a relative path', 'write the absolute path'],
  HOOK_PATH_NOT_A_FILE: [{ hookPath: '/' }, '"/" is not a regular file', 'name the program itself'],
  HOOK_NOT_EXECUTABLE: [{ hookPath: '/x' }, '"/x" exists but is not executable', 'run: chmod +x /x', 'chmod +x /x'],
  WHEN_NEVER_MATCHES: [{ reason: 'always-false' }, '"always": false never matches', 'write true, or remove'],
  WHEN_NOT_CONVERTIBLE: [
    { conditions: ['annotations', 'commands'] },
    'format 1.0.0 cannot say: any of annotations, commands',
    'write one 1.0.0 definition for each kind of condition',
  ],
  PATTERN_SYNTAX: [
    { pattern: '(?=a)', reason: 'invalid', dialect: 'javascript' },
    'the pattern "(?=a)" is not valid: invalid',
    'write a pattern without look-around',
    'a pattern without look-around',
  ],
  PATTERN_TOO_LONG: [{ length: 5000, limit: 4096 }, 'the pattern has 5000 bytes; the limit is 4096', 'shorten it'],
  PATTERN_DOT_UNESCAPED: [
    { pattern: 'a.b' },
    'the dots in "a.b" match any character',
    'write "a\\\\.b", which JSON spells "a\\\\.b"',
    'a\\.b',
  ],
  PATTERN_POSIX: [
    { pattern: '\\<a', fragment: '\\<' },
    'in "\\\\<a", "\\\\<" is a plain character',
    'write \\b',
    '\\b',
  ],
  RUNTIME_STAGE_UNSUPPORTED: [
    { stage: 'poststart', runtime: '/runc' },
    '"/runc" does not run "poststart" hooks',
    'choose another stage',
  ],
  POLICY_VALUE: [{ problem: '"verbs" is not a list' }, '"verbs" is not a list', 'correct it'],
  POLICY_REFUSED: [
    { wish: '/dev/fuse', line: 'devices: [/dev/fuse]' },
    'an annotation asks for "/dev/fuse", and the policy does not grant it',
    'where that is meant, add to the policy: devices: [/dev/fuse]',
  ],
  SETTING_VALUE: [
    { problem: 'there is no setting "runtim"' },
    'there is no setting "runtim"',
    'write "runtime"',
    'runtime',
  ],
  PROFILE_UNKNOWN: [
    { profile: 'gpus', known: ['gpu'] },
    'there is no profile "gpus" under "profiles"',
    'name the program hooks-runtime-gpu',
    'gpu',
  ],
  CONFIG_SYNTAX: [{ expected: 'a value', found: '"}"' }, 'expected a value, found "}"', 'nothing was changed'],
  CONFIG_INVALID_UTF8: [{ byteOffset: 3 }, 'the byte at offset 3 is not valid UTF-8', 'nothing was changed'],
  CONFIG_TOO_LARGE: [{ bytes: 9, limit: 8 }, 'the config has 9 bytes or more; the limit is 8', 'nothing was changed'],
  CONFIG_TYPE: [{ expected: 'an object', found: 'null' }, 'expected an object, found null', 'nothing was changed'],
  CONFIG_DUPLICATE_KEY: [{ key: 'hooks' }, 'the key "hooks" is given twice', 'nothing was changed'],
  CONFIG_KEY_CASE: [
    { key: 'Hooks', meant: 'hooks' },
    'the key "Hooks" is read as "hooks" by some runtimes and not by others',
    'write "hooks"; nothing was changed',
  ],
  PROCESS_ARGS_EMPTY: [{ definition: 'a.json' }, 'process.args is empty', 'give process.args at least one entry'],
  COMMAND_TOO_LONG: [{ length: 9, limit: 8 }, 'process.args[0] has 9 bytes; the limit is 8', 'name a program'],
  ANNOTATION_TOO_LONG: [
    { key: 'k', length: 9, limit: 8 },
    'the annotation "k" has 9 bytes; the limit is 8',
    'shorten the annotation',
  ],
};

const place = { path: 'd/a.json', at: { line: 2, column: 3, offset: 10 } };

describe('diagnosticText', () => {
  it.each(Object.entries(SAMPLES))('says what %s is, why it counts and what to do', (code, [args, what, fix, hint]) => {
    // The pairs of code and arguments are those of SAMPLES, which the compiler checked.
    const diagnostic = {
      code,
      severity: 'error',
      path: 'a.json',
      args,
      ...(hint !== undefined && { hint }),
    } as Diagnostic;
    const text = diagnosticText(diagnostic);
    expect(text.what).toContain(what);
    expect(text.fix).toContain(fix);
    expect(text.why).toMatch(/^.{10,}$/);
  });

  it('has nothing in it that a terminal would obey', () => {
    const hostile = '\u001b[2J\u009b\u202e\n';
    const texts = [
      error('YAML_SYNTAX', place, { reason: hostile }),
      error('JSON_SYNTAX', place, { expected: 'x', found: hostile }),
      error('HOOK_NOT_EXECUTABLE', { ...place, hint: `chmod +x ${hostile}` }, { hookPath: hostile }),
      error('PATTERN_SYNTAX', { ...place, hint: hostile }, { pattern: hostile, reason: hostile }),
      error('TYPE_MISMATCH', { ...place, path: hostile, hint: hostile }, { expected: 'x', found: 'y' }),
    ].map((diagnostic) => renderDiagnostic(diagnostic, `${hostile}${hostile}`));
    expect(texts.join('').replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('renderHeadline', () => {
  it('starts with file, line and column, as compilers do', () => {
    expect(renderHeadline(error('STAGES_EMPTY', place, {}))).toBe(
      'd/a.json:2:3: error STAGES_EMPTY: the list of stages is empty',
    );
  });

  it('names the file alone where no place is known', () => {
    expect(renderHeadline(error('STAGES_EMPTY', { path: 'a.json' }, {}))).toMatch(/^a\.json: error STAGES_EMPTY: /);
  });
});

describe('renderDiagnostic', () => {
  it('shows the line with a mark under the place', () => {
    const at = { line: 2, column: 5, offset: 7 };
    const lines = renderDiagnostic(error('STAGES_EMPTY', { path: 'a.json', at }, {}), '{\r\n\t"s": []\r\n}').split(
      '\n',
    );
    expect(lines[1]).toBe('  2 |  "s": []');
    expect(lines[2]?.indexOf('^')).toBe('  2 | '.length + 4);
    expect(lines.slice(3).map((line) => line.slice(0, 7))).toEqual(['  why: ', '  fix: ']);
  });

  it('cuts a long line around the place', () => {
    const text = `${'a'.repeat(500)}!${'b'.repeat(500)}`;
    const lines = renderDiagnostic(
      error('STAGES_EMPTY', { path: 'a', at: { line: 1, column: 501, offset: 500 } }, {}),
      text,
    ).split('\n');
    expect(lines[1]?.length).toBeLessThan(120);
    expect(lines[1]?.[lines[2]?.indexOf('^') ?? -1]).toBe('!');
  });
});
