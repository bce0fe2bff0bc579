import { renderHeadline } from '../core/diagnostic/render.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import type { ConfigText } from '../core/injection/config-text.ts';
import type { Hook } from '../core/oci/hook.ts';
import { CONFIG_LIMIT, parseConfigBytes } from './bundle.ts';
import { type RunHookOptions, runHook } from './run-hook.ts';

/**
 * Passes a config through precreate hooks, one after another: each gets the config on standard input and prints the whole
 * config that takes its place. What a hook prints is checked before it replaces anything.
 * Source: containers/common pkg/hooks/exec/runtimeconfigfilter.go.
 *
 * @throws {SystemError} as `runHook`, and `FILTER_OUTPUT` when a hook did not print a config
 */
export async function runConfigFilters(
  hooks: readonly Hook[],
  document: ConfigText,
  options: RunHookOptions = {},
): Promise<ConfigText> {
  let current = document;
  for (const hook of hooks) {
    const { stdout } = await runHook(hook, Buffer.from(current.text), { outputLimit: CONFIG_LIMIT, ...options });
    current = checkedConfig(hook, stdout);
  }
  return current;
}

function checkedConfig(hook: Hook, bytes: Buffer): ConfigText {
  if (bytes.length === 0) throw new SystemError('FILTER_OUTPUT', { path: hook.path, reason: 'it printed nothing' });
  const parsed = parseConfigBytes('<output>', bytes);
  const [first] = parsed.diagnostics;
  if (!parsed.value) {
    throw new SystemError('FILTER_OUTPUT', { path: hook.path, reason: first ? renderHeadline(first) : 'no config' });
  }
  if (typeof parsed.value.config.ociVersion !== 'string') {
    throw new SystemError('FILTER_OUTPUT', { path: hook.path, reason: 'it has no ociVersion' });
  }
  return parsed.value;
}
