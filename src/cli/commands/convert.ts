import { convertDefinition, type DefinitionDocument } from '../../core/definition/convert.ts';
import { isYamlPath } from '../../core/definition/parse.ts';
import { error } from '../../core/diagnostic/diagnostic.ts';
import { DefinitionError } from '../../core/diagnostic/input-error.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { parseLocatedDefinition } from '../../host/definition-file.ts';
import { readUpTo } from '../../host/file.ts';
import { JSON_DEFINITION_LIMIT, readDefinitionFile, YAML_DEFINITION_LIMIT } from '../../host/hook-directories.ts';
import { createTrustCheck } from '../../host/trust.ts';
import { decodeUtf8 } from '../../host/utf8.ts';
import { reasonOf, writeFileAtomically } from '../../host/write-file.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { toJson, writeDiagnostics, writeNote, writeResult } from '../output.ts';
import { excerptReader } from '../source-text.ts';

/** Flags of `hooks convert`. */
export interface ConvertFlags {
  readonly to?: Syntax;
  readonly output?: string;
  readonly extensionStage?: readonly string[];
  readonly quiet?: boolean;
}

type Syntax = 'json' | 'yaml';

/** Does `hooks convert`: the definition in format 1.0.0, in the syntax wished for; its own text where that changes nothing. */
export async function convert(path: string, flags: ConvertFlags): Promise<ExitStatus> {
  const from = syntaxOf(path) ?? 'json';
  const to = wishedSyntax(flags) ?? from;
  const text = readSource(path);
  const source = { path: path === '-' ? '<stdin>' : path, text };
  const parsed = await parseLocatedDefinition(source, flags.extensionStage);
  const converted = parsed.value ? convertDefinition(parsed.value) : { diagnostics: [] };
  const diagnostics = [...parsed.diagnostics, ...converted.diagnostics];
  writeDiagnostics(diagnostics, { warnings: flags.quiet ? 'none' : 'brief', readText: excerptReader() });
  if (!parsed.value || !converted.value) return EXIT.no;

  const isThereAlready = from === to && parsed.value.definition.version === '1.0.0';
  const result = isThereAlready ? text : await render(converted.value, to);
  const bytes = Buffer.byteLength(result);
  if (to === 'yaml' && bytes > YAML_DEFINITION_LIMIT) {
    throw new DefinitionError([
      error('FILE_TOO_LARGE', { path: source.path }, { bytes, limit: YAML_DEFINITION_LIMIT }),
    ]);
  }
  if (flags.output === undefined || flags.output === '-') writeResult(result);
  else writeFileAtomically(flags.output, Buffer.from(result));
  if (!flags.quiet) {
    if (isThereAlready) writeNote('hooks: the definition has this format already; nothing was changed');
    else if (from === 'yaml' && /(^|\s)#/.test(text)) writeNote('hooks: comments are not carried over');
    else if (to === 'yaml' && from === 'json') writeNote('hooks: Podman and CRI-O read definitions in JSON only');
  }
  return EXIT.done;
}

/** The syntax that `--to` names, or the ending of `--output`; the two must not contradict one another. */
function wishedSyntax({ to, output }: ConvertFlags): Syntax | undefined {
  const byEnding = output === undefined ? undefined : syntaxOf(output);
  if (to !== undefined && byEnding !== undefined && to !== byEnding) {
    throw new UsageError(`--to ${to} does not go with ${output}, which would be read as ${byEnding}`);
  }
  return to ?? byEnding;
}

function syntaxOf(path: string): Syntax | undefined {
  if (isYamlPath(path)) return 'yaml';
  return path.endsWith('.json') ? 'json' : undefined;
}

function readSource(path: string): string {
  if (path !== '-') {
    // Nothing is run or injected here, so it does not matter who could write the file.
    const { file, diagnostics } = readDefinitionFile(path, createTrustCheck('ignore'));
    // A text with bytes that are no UTF-8 would not come out as it went in.
    if (!file || diagnostics.length > 0) throw unreadable(path, diagnostics);
    return file.text;
  }
  return readStandardInput();
}

function readStandardInput(): string {
  const path = '<stdin>';
  let bytes: Buffer;
  try {
    bytes = readUpTo(0, JSON_DEFINITION_LIMIT);
  } catch (failure) {
    throw new SystemError('STDIN_READ', { reason: reasonOf(failure) }, { cause: failure });
  }
  if (bytes.length > JSON_DEFINITION_LIMIT) {
    const args = { bytes: bytes.length, limit: JSON_DEFINITION_LIMIT };
    throw new DefinitionError([error('FILE_TOO_LARGE', { path }, args)]);
  }
  const decoded = decodeUtf8(bytes);
  if ('text' in decoded) return decoded.text;
  throw new DefinitionError([error('FILE_INVALID_UTF8', { path }, { byteOffset: decoded.invalidAt })]);
}

async function render(document: DefinitionDocument, syntax: Syntax): Promise<string> {
  if (syntax === 'json') return `${toJson(document)}\n`;
  const { writeYaml } = await import('../../core/definition/yaml.ts');
  return writeYaml(document);
}

function unreadable(path: string, diagnostics: DefinitionError['diagnostics']): DefinitionError | SystemError {
  // A file that is not there is passed over in a hooks directory, but not when it is named.
  if (diagnostics.length === 0) return new SystemError('FILE_READ', { path, reason: 'ENOENT: there is no such file' });
  return new DefinitionError(diagnostics.map((diagnostic) => ({ ...diagnostic, severity: 'error' })));
}
