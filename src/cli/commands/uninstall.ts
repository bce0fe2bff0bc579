import { error } from '../../core/diagnostic/diagnostic.ts';
import { escapeControls } from '../../core/diagnostic/quote.ts';
import { uninstallFiles } from '../../host/uninstall-files.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { diagnosticsAsData, writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks uninstall`. */
export interface UninstallFlags {
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks uninstall`: removes what `hooks install` wrote; a file that was changed since stays, and is named. */
export async function uninstall(directory: string, flags: UninstallFlags): Promise<ExitStatus> {
  const outcome = uninstallFiles(directory, flags);
  const path = (name: string): string => `${directory.replace(/(?<=.)\/+$/, '')}/${name}`;
  const removed = (outcome?.removed ?? []).map((name) => ({ name, path: path(name) }));
  const diagnostics = (outcome?.changed ?? []).map((name) => error('UNINSTALL_CHANGED', { path: path(name) }, {}));
  if (flags.json) {
    writeJson({ directory, removed, diagnostics: diagnosticsAsData(diagnostics) });
  } else {
    writeDiagnostics(diagnostics, { warnings: 'none' });
    if (removed.length > 0) writeResult(removed.map((file) => `${escapeControls(file.path)}\n`).join(''));
  }
  if (!outcome && !flags.quiet) writeNote(`hooks: nothing is installed in ${directory}`);
  return diagnostics.length === 0 ? EXIT.done : EXIT.no;
}
