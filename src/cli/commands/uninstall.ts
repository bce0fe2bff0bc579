import { error } from '../../core/diagnostic/diagnostic.ts';
import { escapeControls } from '../../core/diagnostic/quote.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { placeOnHost } from '../../host/host-root.ts';
import { uninstallFiles } from '../../host/uninstall-files.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks uninstall`. */
export interface UninstallFlags {
  readonly force?: boolean;
  readonly hostRoot?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks uninstall`: removes what `hooks install` wrote; a file that was changed since stays, and is named. */
export async function uninstall(directory: string, flags: UninstallFlags): Promise<ExitStatus> {
  const outcome = uninstallFiles(directory, flags);
  const here = placeOnHost(flags.hostRoot, directory).replace(/(?<=.)\/+$/, '');
  const removed = (outcome?.removed ?? []).map((name) => ({ name, path: `${here}/${name}` }));
  const changed = (outcome?.changed ?? []).map((name) => `${here}/${name}`);
  if (outcome?.program?.release === 'changed') changed.push(outcome.program.path);
  const diagnostics = changed.map((path) => error('UNINSTALL_CHANGED', { path }, {}));
  if (flags.json) {
    const program = outcome?.program;
    writeJson({ directory, removed, ...(program ? { program } : {}), diagnostics: diagnosticsAsData(diagnostics) });
  } else {
    writeDiagnostics(diagnostics, { warnings: 'none' });
    const paths = removed.map((file) => file.path);
    if (outcome?.program?.release === 'removed') paths.push(outcome.program.path);
    if (paths.length > 0) writeResult(paths.map((path) => `${escapeControls(path)}\n`).join(''));
  }
  if (outcome?.program?.release === 'gone' && !flags.quiet) {
    writeNote(`hooks: the program is not at ${outcome.program.path}, so it was not removed`);
  }
  if (!outcome && !flags.quiet) writeNote(`hooks: nothing is installed in ${directory}`);
  return diagnostics.length === 0 ? EXIT.done : EXIT.no;
}
