import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { type CgroupWrite, controllerOf } from './cgroup-write.ts';
import { errnoReason } from './errno-reason.ts';
import { OpenCgroup } from './open-cgroup.ts';
import { restoringValues } from './restore.ts';

/** A write that was done: what the file held, and what it was given. */
export interface AppliedWrite {
  readonly directory: string;
  readonly file: string;
  /** Undefined where the file cannot be read. */
  readonly old: string | undefined;
  readonly value: string;
}

/** A write that was left out because the kernel lacks the file or refused the value, which the plan allows. */
export interface SkippedWrite {
  readonly file: string;
  readonly value: string;
  readonly reason: string;
}

/** What became of the writes. With `failure` everything that could be taken back was; `left` could not. */
export interface WriteReport {
  readonly applied: readonly AppliedWrite[];
  readonly skipped: readonly SkippedWrite[];
  readonly failure: SystemError | undefined;
  readonly left: readonly AppliedWrite[];
}

/** A directory whose files are read and written: a cgroup, or a process's own. */
export type WritePlace = Pick<OpenCgroup, 'directory' | 'read' | 'write'>;

/** Gives the directory for a write: on v1 that of its controller. Undefined where no hierarchy has it. */
export type DirectoryOfWrite = (write: CgroupWrite) => WritePlace | undefined;

/**
 * Does the writes of a plan in order. The first that fails ends it: those before are taken back in reverse, as far as the
 * kernel lets them, and the report says what was done, with old and new values.
 */
export function applyWrites(writes: readonly CgroupWrite[], directoryOf: DirectoryOfWrite): WriteReport {
  const applied: { readonly write: AppliedWrite; readonly place: WritePlace }[] = [];
  const skipped: SkippedWrite[] = [];
  const postponed: CgroupWrite[] = [];
  const one = (write: CgroupWrite, isLast: boolean): void => {
    const place = directoryOf(write);
    if (place === undefined) {
      throw new SystemError('CGROUP_NOT_MOUNTED', { what: `the controller ${controllerOf(write.file)}` });
    }
    const old = place.read(write.file);
    try {
      place.write(write.file, write.value);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' && write.missingOk === true) {
        skipped.push({ file: write.file, value: write.value, reason: 'this kernel has no such file' });
      } else if (errno === 'EINVAL' && write.retryAfter !== undefined && !isLast) {
        postponed.push(write);
      } else if (errno === 'EINVAL' && write.refusalOk !== undefined) {
        skipped.push({ file: write.file, value: write.value, reason: write.refusalOk });
      } else throw failureOf(error, write, place);
      return;
    }
    const { directory } = place;
    applied.push({ write: { directory, file: write.file, old: old?.trimEnd(), value: write.value }, place });
  };
  try {
    for (const write of writes) {
      one(write, false);
      for (const waiting of postponed.filter(({ retryAfter }) => retryAfter === write.file)) {
        postponed.splice(postponed.indexOf(waiting), 1);
        one(waiting, true);
      }
    }
    // What waits for a write that the plan turned out not to hold gets its own error.
    for (const waiting of postponed) one(waiting, true);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const left = applied.toReversed().flatMap(({ write, place }) => (restore(write, place) ? [] : [write]));
    return { applied: applied.map(({ write }) => write), skipped, failure: error, left };
  }
  return { applied: applied.map(({ write }) => write), skipped, failure: undefined, left: [] };
}

function restore(write: AppliedWrite, place: WritePlace): boolean {
  const values = restoringValues(write.file, write.old, write.value);
  if (values === undefined) return false;
  try {
    for (const value of values) place.write(write.file, value);
    return true;
  } catch {
    // Reported as left behind, with the old value: the failure that started this is the one to throw.
    return false;
  }
}

function failureOf(error: unknown, { file, value }: CgroupWrite, place: WritePlace): SystemError {
  const path = `${place.directory}/${file}`;
  const errno = errnoOf(error);
  const controller = controllerOf(file);
  const controllers = place.read('cgroup.controllers');
  // A missing file of v2: its controller may not have been passed down, or the kernel may not know it.
  if (errno === 'ENOENT' && controllers !== undefined && place instanceof OpenCgroup) {
    if (controller === 'cgroup' || controllers.split(/\s+/).includes(controller)) {
      return new SystemError('CGROUP_FILE', { path, controller }, { cause: error });
    }
    const { ancestor, hint } = lackingAncestor(place, controller);
    return new SystemError('CGROUP_CONTROLLER', { path, controller, ancestor, hint }, { cause: error });
  }
  return new SystemError('CGROUP_WRITE', { path, value, reason: errnoReason(error) }, { cause: error });
}

/** Finds the highest ancestor that has a controller and does not pass it on. */
function lackingAncestor(cgroup: OpenCgroup, controller: string): { readonly ancestor: string; readonly hint: string } {
  const opened: OpenCgroup[] = [];
  try {
    for (let at = cgroup.openParent(); at !== undefined; at = at.openParent()) opened.push(at);
    const lacking = opened.findLast((at) => !at.words('cgroup.subtree_control').includes(controller));
    const isTop = lacking !== undefined && lacking === opened.at(-1);
    if (isTop && !lacking.words('cgroup.controllers').includes(controller)) {
      const hint = 'the kernel lacks it, or a v1 hierarchy has taken it';
      return { ancestor: lacking.directory, hint };
    }
    const ancestor = lacking?.directory ?? cgroup.directory;
    return { ancestor, hint: `write "+${controller}" to ${ancestor}/cgroup.subtree_control, or use a delegated unit` };
  } finally {
    for (const at of opened) at.close();
  }
}
