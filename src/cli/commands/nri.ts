import { isAbsolute, resolve } from 'node:path';
import { parseMetricsAddress } from '../../nri/metrics-address.ts';
import { type GivenSettings, type PodAnnotations, SETTINGS_PATH } from '../../nri/settings.ts';
import { startPlugin } from '../../nri/start.ts';
import { bindMountRule } from '../catalog-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';

/** Flags of `hooks nri`; what is absent is left to the settings file. */
export interface NriFlags {
  readonly config?: string;
  readonly hooksDir?: readonly string[];
  readonly builtin?: boolean;
  readonly extensionStage?: readonly string[];
  readonly socketPath?: string;
  readonly index?: string;
  readonly name?: string;
  readonly onError?: 'fail' | 'skip';
  readonly podAnnotations?: PodAnnotations;
  readonly hasBindMounts?: 'user' | 'any' | 'true' | 'false';
  readonly prestart?: 'prestart' | 'createRuntime';
  readonly duplicates?: 'skip' | 'keep';
  readonly hostRoot?: string;
  readonly status?: string;
  readonly metrics?: string;
}

/** Does `hooks nri`: the plugin, until it is told to end. */
export async function nri(flags: NriFlags): Promise<ExitStatus> {
  const given = settingsFromFlags(flags);
  const source = flags.config ? { path: flags.config, isRequired: true } : { path: SETTINGS_PATH, isRequired: false };
  await startPlugin({ given, source, environment: process.env });
  return EXIT.done;
}

/**
 * Gives the settings that flags ask for.
 *
 * @throws {UsageError} for a value that no setting can have
 */
export function settingsFromFlags(flags: NriFlags): GivenSettings {
  const { hooksDir, extensionStage, hasBindMounts, index, name, metrics, config: _, ...others } = flags;
  if (index !== undefined && !/^[0-9]{2}$/.test(index))
    throw new UsageError('--index takes two digits, such as 10', 'hooks nri');
  if (name !== undefined && !/^[A-Za-z0-9_.+-]+$/.test(name)) {
    throw new UsageError('--name takes letters, digits, "_", ".", "+" and "-"', 'hooks nri');
  }
  if (metrics !== undefined && !parseMetricsAddress(metrics)) {
    throw new UsageError(
      '--metrics takes an address of this machine only: 127.0.0.1:9464, [::1]:9464 or unix:/PATH',
      'hooks nri',
    );
  }
  for (const [flag, path] of Object.entries({
    '--socket-path': flags.socketPath,
    '--host-root': flags.hostRoot,
    '--status': flags.status,
  })) {
    if (path !== undefined && !isAbsolute(path)) throw new UsageError(`${flag} takes an absolute path`, 'hooks nri');
  }
  return {
    ...others,
    ...(hooksDir && { hooksDirs: hooksDir.map((directory) => resolve(directory)) }),
    ...(extensionStage && { extensionStages: extensionStage }),
    ...(hasBindMounts && { hasBindMounts: bindMountRule({ hasBindMounts }) }),
    ...(index !== undefined && { index }),
    ...(name !== undefined && { name }),
    ...(metrics !== undefined && { metrics }),
  };
}
