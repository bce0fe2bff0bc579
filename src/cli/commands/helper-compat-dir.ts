import { SystemError } from '../../core/diagnostic/system-error.ts';
import { hasStopped, type OciState } from '../../core/oci/state.ts';
import { type CompatDirFlags, makeCompatDirectory } from '../../helpers/compat-dir.ts';
import { readState } from '../../helpers/helper-input.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote } from '../output.ts';

/** Flags of `hooks helper compat-dir`. */
export interface HelperCompatDirFlags extends Omit<CompatDirFlags, 'cgroupPath'> {
  readonly path?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const VERB = 'compat-dir';

/**
 * Does `hooks helper compat-dir`. What cAdvisor is shown is worth no container: whatever the system refuses, the container
 * starts, and standard error says what is missing.
 */
export async function helperCompatDir(flags: HelperCompatDirFlags): Promise<ExitStatus> {
  const { path: cgroupPath, json, quiet, ...rest } = flags;
  if (cgroupPath !== undefined && rest.cgroupRoot === undefined) throw new UsageError('--path goes with --cgroup-root');
  let state: OciState | undefined;
  try {
    state = readState();
    const { cgroup, deeds, ignored, warnings } = await makeCompatDirectory(state, { ...rest, cgroupPath });
    const dryRun = rest.dryRun === true;
    if (json) writeJson({ verb: VERB, cgroup: cgroup ?? null, dryRun, deeds, ignored, warnings });
    else if (dryRun) for (const deed of deeds) writeNote(`hooks ${VERB}: would ${deed.join(' ')}`);
    if (!quiet) for (const warning of warnings) writeNote(`hooks ${VERB}: ${warning}`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (json) writeJson({ error: { code: error.code, args: error.args, message: error.message } });
    // A runtime whose state has no status says by --stopped that this is poststop.
    const isOver = rest.stopped === true || (state !== undefined && hasStopped(state) === true);
    const outcome = isOver ? 'not done, and what is on record stays' : 'not done, and the container starts without it';
    writeNote(`hooks ${VERB}: ${outcome}: ${error.code}: ${error.message}`);
  }
  return EXIT.done;
}
