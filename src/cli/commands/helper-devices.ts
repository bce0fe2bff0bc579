import { ConfigError } from '../../core/diagnostic/input-error.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { type DevicesHelperFlags, setContainerDevices } from '../../helpers/devices.ts';
import { readState } from '../../helpers/helper-input.ts';
import { deedLine } from '../deed-line.ts';
import { accessOf } from '../device-flags.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks helper devices`. */
export interface HelperDevicesFlags extends DevicesHelperFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Does `hooks helper devices`. A hook has two answers: all was done, or the container is not created. */
export async function helperDevices(flags: HelperDevicesFlags): Promise<ExitStatus> {
  if (flags.access !== undefined) accessOf(flags.access);
  try {
    const { deeds, warnings } = await setContainerDevices(readState(), flags);
    if (flags.json) writeJson({ deeds, warnings });
    else if (flags.dryRun) writeResult(deeds.map((deed) => `${deedLine(deed)}\n`).join(''));
    if (!flags.quiet) for (const warning of warnings) writeNote(`hooks: warning: ${warning}`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof ConfigError) {
      writeDiagnostics(error.diagnostics, { warnings: 'none' });
      return EXIT.no;
    }
    if (!(error instanceof SystemError)) throw error;
    if (flags.json) writeJson({ error: { code: error.code, args: error.args, message: error.message } });
    writeNote(`hooks: error ${error.code}: ${error.message}`);
    return EXIT.no;
  }
}
