import { PatternError } from '../../core/when/pattern.ts';
import { compileVcpuSelector, type VcpuSelector } from '../../helpers/sandbox/vcpu-threads.ts';
import { placeSandbox, type SandboxOverheadFlags } from '../../helpers/sandbox-overhead.ts';
import { type ExitStatus, UsageError } from '../exit-status.ts';
import { type CommonFlags, common, run } from './helper.ts';

/** Flags that say which threads run a guest's processors. */
export interface VcpuFlags {
  readonly threadName?: readonly string[];
  readonly tid?: readonly string[];
}

/** Flags of `hooks helper sandbox-overhead`. */
export interface HelperSandboxOverheadFlags extends Omit<CommonFlags, 'path'>, VcpuFlags {
  readonly cgroupOnly?: 'true' | 'false';
  readonly threads?: 'process' | 'threaded';
  readonly overheadCgroup: string;
  readonly sandboxCgroup?: string;
  readonly shim?: boolean;
  readonly devices: 'kata' | 'none';
  readonly allowDevice?: readonly string[];
  readonly cpus?: string;
  readonly mems?: string;
  readonly stopped?: boolean;
}

/** Does `hooks helper sandbox-overhead`. */
export async function helperSandboxOverhead(flags: HelperSandboxOverheadFlags): Promise<ExitStatus> {
  const { cgroupOnly, threads, cgroupRoot, cpus, mems, sandboxCgroup } = flags;
  if (threads === 'threaded' && cgroupOnly === 'true') {
    throw new UsageError('--threads threaded keeps vCPU threads apart: it needs --cgroup-only false');
  }
  for (const [flag, list] of [['--cpus', cpus] as const, ['--mems', mems] as const]) {
    if (list !== undefined && !/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/.test(list)) {
      throw new UsageError(`${flag} wants a list such as 0-3,8, not ${list}`);
    }
  }
  const wish: Omit<SandboxOverheadFlags, 'dryRun'> = {
    ...(cgroupOnly !== undefined && { cgroupOnly: cgroupOnly === 'true' }),
    ...(threads !== undefined && { threads }),
    ...(sandboxCgroup !== undefined && { sandboxCgroup }),
    ...(cpus !== undefined && { cpus }),
    ...(mems !== undefined && { mems }),
    ...(flags.stopped !== undefined && { stopped: flags.stopped }),
    overheadCgroup: flags.overheadCgroup,
    shim: flags.shim === true,
    devices: flags.devices,
    allowDevices: flags.allowDevice ?? [],
    selector: await selectorOf(flags),
  };
  // The cgroup is planned from config.json, so a plain directory needs no path in it.
  const { cgroupRoot: _, ...rest } = flags;
  const own = { ...common(rest), ...(cgroupRoot !== undefined && { cgroupRoot }) };
  return run('sandbox-overhead', flags, 'strict', (state) => placeSandbox(state, { ...wish, ...own }), 'at-stop');
}

/**
 * Reads `--thread-name` and `--tid`.
 *
 * @throws {UsageError} for a pattern that is none
 */
export async function selectorOf({ threadName = [], tid = [] }: VcpuFlags): Promise<VcpuSelector> {
  const odd = tid.find((text) => !/^[1-9]\d{0,8}$/.test(text));
  if (odd !== undefined) throw new UsageError(`--tid wants the number of a thread, not ${odd}`);
  if (tid.length > 0 && threadName.length > 0) {
    throw new UsageError('--tid says which threads are meant: leave --thread-name out');
  }
  const selector = { patterns: threadName, tids: tid.map(Number) };
  try {
    await compileVcpuSelector(selector);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new UsageError(`--thread-name wants an RE2 pattern: ${error.message}: ${error.fragment}`);
  }
  return selector;
}
