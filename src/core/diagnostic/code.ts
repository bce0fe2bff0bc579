/** The values a diagnostic's sentence needs, by code. The codes are stable: docs/versions.md. */
export interface DiagnosticArguments {
  // Files and directories
  DIRECTORY_UNREADABLE: { readonly reason: string };
  DIRECTORY_MISSING: Nothing;
  FILE_UNREADABLE: { readonly reason: string; readonly door?: SettingsDoor };
  FILE_NOT_REGULAR: { readonly kind: string; readonly door?: SettingsDoor };
  FILE_TOO_LARGE: { readonly bytes: number; readonly limit: number; readonly door?: SettingsDoor };
  FILE_INVALID_UTF8: { readonly byteOffset: number };
  PERMISSION_UNSAFE: { readonly unsafePath: string; readonly problem: 'owner' | 'writable'; readonly detail: string };
  INSTALL_CONFLICT: { readonly reason: 'foreign' | 'changed' | 'not-a-file' | 'volatile' };
  UNINSTALL_CHANGED: Nothing;
  // Text
  JSON_SYNTAX: { readonly expected: string; readonly found: string };
  YAML_SYNTAX: { readonly reason: string };
  BYTE_ORDER_MARK: Nothing;
  NESTING_TOO_DEEP: { readonly limit: number };
  KEY_DUPLICATE: { readonly key: string };
  KEY_CASE: { readonly key: string; readonly meant: string };
  KEY_UNKNOWN: { readonly key: string; readonly known: readonly string[] };
  // Definitions
  VERSION_MISSING: Nothing;
  VERSION_UNKNOWN: { readonly version: string };
  TYPE_MISMATCH: { readonly expected: string; readonly found: string };
  PROPERTY_MISSING: { readonly property: string };
  PROPERTY_CONFLICT: { readonly property: string; readonly other: string };
  INTEGER_OUT_OF_RANGE: { readonly literal: string };
  TIMEOUT_NOT_POSITIVE: { readonly timeout: string };
  STAGE_UNKNOWN: { readonly stage: string; readonly known: readonly string[] };
  STAGE_REPEATED: { readonly stage: string };
  STAGES_EMPTY: Nothing;
  HOOK_PATH_EMPTY: Nothing;
  HOOK_PATH_MISSING: { readonly hookPath: string; readonly onError?: 'fail' | 'skip' };
  HOOK_PROGRAM_MISSING: { readonly hookPath: string };
  HOOK_PROGRAM_UNUSABLE: {
    readonly hookPath: string;
    readonly problem: 'relative' | 'not-executable' | 'not-a-file' | 'unreachable';
    readonly reason?: string;
  };
  HOOK_PATH_IN_CONTAINER: { readonly hookPath: string; readonly onError?: 'fail' | 'skip' };
  HOOK_PATH_UNREACHABLE: { readonly hookPath: string; readonly reason: string };
  HOOK_PATH_RELATIVE: { readonly hookPath: string };
  HOOK_PATH_NOT_A_FILE: { readonly hookPath: string };
  HOOK_NOT_EXECUTABLE: { readonly hookPath: string };
  WHEN_NEVER_MATCHES: { readonly reason: 'empty' | 'always-false' | 'has-bind-mounts-false' };
  WHEN_NOT_CONVERTIBLE: { readonly conditions: readonly string[] };
  PATTERN_SYNTAX: { readonly pattern: string; readonly reason: string; readonly dialect?: 'javascript' | 'posix' };
  PATTERN_TOO_LONG: { readonly length: number; readonly limit: number };
  PATTERN_DOT_UNESCAPED: { readonly pattern: string };
  PATTERN_POSIX: { readonly pattern: string; readonly fragment: string };
  RUNTIME_STAGE_UNSUPPORTED: { readonly stage: string; readonly runtime: string };
  // Policy
  POLICY_VALUE: { readonly problem: string };
  POLICY_REFUSED: { readonly wish: string; readonly line: string };
  // Settings of the runtime wrapper and the NRI plugin
  SETTING_VALUE: { readonly problem: string; readonly door?: SettingsDoor };
  PROFILE_UNKNOWN: { readonly profile: string; readonly known: readonly string[] };
  // Containers
  CONFIG_SYNTAX: { readonly expected: string; readonly found: string };
  CONFIG_INVALID_UTF8: { readonly byteOffset: number };
  CONFIG_TOO_LARGE: { readonly bytes: number; readonly limit: number };
  CONFIG_TYPE: { readonly expected: string; readonly found: string };
  CONFIG_DUPLICATE_KEY: { readonly key: string };
  CONFIG_KEY_CASE: { readonly key: string; readonly meant: string };
  PROCESS_ARGS_EMPTY: { readonly definition: string };
  COMMAND_TOO_LONG: { readonly length: number; readonly limit: number };
  DECISION_FAILED: { readonly reason: string };
  ANNOTATIONS_TOO_MANY: { readonly count: number; readonly definitions: number };
  ANNOTATION_TOO_LONG: { readonly key: string; readonly length: number; readonly limit: number };
}

/** Whose settings a finding is about; absent where it is about a definition. */
type SettingsDoor = 'runtime' | 'nri';

type Nothing = Readonly<Record<never, never>>;

/** Names a kind of finding; a closed union, one entry in `TEXT` of render.ts each. */
export type DiagnosticCode = keyof DiagnosticArguments;
