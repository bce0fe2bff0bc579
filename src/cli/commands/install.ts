import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Diagnostic, error, hasErrors } from '../../core/diagnostic/diagnostic.ts';
import { escapeControls } from '../../core/diagnostic/quote.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { EXECUTABLE } from '../../host/executable.ts';
import { readBoundedFile } from '../../host/file.ts';
import { isDefinitionName, JSON_DEFINITION_LIMIT, loadDefinitionFiles } from '../../host/hook-directories.ts';
import { placeOnHost } from '../../host/host-root.ts';
import { installFiles, type NewFile, type NewProgram } from '../../host/install-files.ts';
import { ownProgram } from '../../host/own-program.ts';
import { hashOf } from '../../host/program-file.ts';
import { createTrustCheck } from '../../host/trust.ts';
import { reasonOf } from '../../host/write-file.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';
import { shippedDefinitions } from '../shipped-definitions.ts';
import { excerptReader } from '../source-text.ts';

/** Flags of `hooks install`. */
export interface InstallFlags {
  readonly definition?: readonly string[];
  readonly program?: string;
  readonly hostRoot?: string;
  readonly extensionStage?: readonly string[];
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks install`: writes definitions into a hooks directory, all of them or none, and records them there. */
export async function install(given: string | undefined, flags: InstallFlags): Promise<ExitStatus> {
  const { directory, definitions } = readArguments(given, flags.definition);
  const checked = definitions && (await checkDefinitions(definitions, flags.extensionStage ?? []));
  const program = flags.program === undefined ? undefined : newProgram(flags.program);
  const files = checked
    ? checked.files
    : shippedDefinitions(program ? { path: program.path, args: ['hooks'] } : ownProgram());
  const diagnostics: Diagnostic[] = [...(checked?.diagnostics ?? [])];
  if (files.length === 0 && !hasErrors(diagnostics)) {
    throw new UsageError('this build ships no definitions; name some with --definition');
  }
  const { hostRoot, force = false } = flags;
  const outcome = hasErrors(diagnostics)
    ? { written: [], conflicts: [] }
    : installFiles(directory, files, { force, hostRoot, program });
  const here = placeOnHost(hostRoot, directory).replace(/(?<=.)\/+$/, '');
  diagnostics.push(...outcome.conflicts.map(({ path, reason }) => error('INSTALL_CONFLICT', { path }, { reason })));
  const check = createTrustCheck('warn');
  const written = outcome.written.map(({ name, state }) => ({ name, path: `${here}/${name}`, state }));
  const places = [...(outcome.program ? [outcome.program.path] : []), ...written.map(({ path }) => path)];
  diagnostics.push(...places.flatMap((path) => check(path)));

  const isDone = !hasErrors(diagnostics);
  if (flags.json) {
    const data = { directory, written, ...(outcome.program ? { program: outcome.program } : {}) };
    writeJson({ ...data, diagnostics: diagnosticsAsData(diagnostics) });
  } else {
    writeDiagnostics(diagnostics, { warnings: flags.quiet ? 'none' : 'brief', readText: excerptReader() });
    if (places.length > 0) writeResult(places.map((path) => `${escapeControls(path)}\n`).join(''));
  }
  if (!isDone) writeNote('hooks: nothing was installed');
  else if (
    !definitions &&
    !program &&
    !flags.quiet &&
    ownProgram().args.some((argument) => argument.includes('/_npx/'))
  ) {
    writeNote("hooks: the hooks run the program from npx's cache, which npm may clear: install oci-hooks to keep it");
  }
  return isDone ? EXIT.done : EXIT.no;
}

/** The single executable is one file that runs anywhere; from npm the program is many. */
function newProgram(path: string): NewProgram {
  if (!EXECUTABLE) throw new UsageError('--program needs the single executable: this program runs under Node');
  if (!path.startsWith('/') || path.endsWith('/') || path.split('/').includes('..')) {
    throw new UsageError(`--program needs an absolute path of a file, not ${path}`);
  }
  const source = realpathSync(process.execPath);
  return { path, source, sha256: hashOf(source) };
}

interface InstallArguments {
  readonly directory: string;
  readonly definitions: readonly string[] | undefined;
}

/** A directory behind `--definition FILE...` is taken for the one to install into: it cannot be a definition. */
function readArguments(given: string | undefined, definitions: readonly string[] | undefined): InstallArguments {
  if (given !== undefined) return { directory: given, definitions };
  const last = definitions?.at(-1);
  if (last !== undefined && statSync(last, { throwIfNoEntry: false })?.isDirectory()) {
    return { directory: last, definitions: definitions?.slice(0, -1) };
  }
  throw new UsageError('name the directory to install into, before --definition');
}

interface CheckedDefinitions {
  readonly files: readonly NewFile[];
  readonly diagnostics: readonly Diagnostic[];
}

async function checkDefinitions(
  paths: readonly string[],
  extensionStages: readonly string[],
): Promise<CheckedDefinitions> {
  if (paths.length === 0) throw new UsageError('name a file behind --definition');
  const names = paths.map((path) => basename(path));
  for (const [index, name] of names.entries()) {
    if (!isDefinitionName(name)) throw new UsageError(`${name} is no name of a definition: it must end in .json`);
    if (names.indexOf(name) < index) throw new UsageError(`two of the definitions are named ${name}`);
  }
  const { diagnostics } = await loadDefinitionFiles(paths, { extensionStages });
  const files = paths.flatMap((path, index) => {
    const content = readBoundedFile(path, JSON_DEFINITION_LIMIT);
    if (content.kind === 'failed') {
      const args = { path, reason: reasonOf(content.error) };
      throw new SystemError('FILE_READ', args, { cause: content.error });
    }
    // What else it may be is in the diagnostics.
    return content.kind === 'content' ? [{ name: names[index] ?? '', bytes: content.bytes }] : [];
  });
  return { files, diagnostics };
}
