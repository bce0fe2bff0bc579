import { type Diagnostic, error, type Parsed } from '../core/diagnostic/diagnostic.ts';
import type { ConfigError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import type { ConfigText } from '../core/injection/config-text.ts';
import { locateInConfig } from '../core/injection/config-text.ts';
import { CONFIG_LIMIT, parseConfigBytes, readConfigFile } from '../host/bundle.ts';
import { readUpTo } from '../host/file.ts';

const STDIN = 0;

/** Reads the config a command is given: a file, or standard input for `-`. What is wrong with it is in the diagnostics. */
export function readConfigInput(path: string): Parsed<ConfigText> {
  return path === '-' ? readStandardInput() : readConfigFile(path);
}

function readStandardInput(): Parsed<ConfigText> {
  let bytes: Buffer;
  try {
    bytes = readUpTo(STDIN, CONFIG_LIMIT);
  } catch (failure) {
    throw new SystemError(
      'STDIN_READ',
      { reason: failure instanceof Error ? failure.message : String(failure) },
      { cause: failure },
    );
  }
  if (bytes.length <= CONFIG_LIMIT) return parseConfigBytes('<stdin>', bytes);
  return {
    diagnostics: [error('CONFIG_TOO_LARGE', { path: '<stdin>' }, { bytes: bytes.length, limit: CONFIG_LIMIT })],
  };
}

/** Gives what a plan threw about a container, with the config's own path and the place in it. */
export function placedInConfig(thrown: ConfigError, path: string, document: ConfigText): readonly Diagnostic[] {
  return thrown.diagnostics.map((diagnostic) => {
    const at = locateInConfig(document, diagnostic.pointer ?? '');
    return { ...diagnostic, path: path === '-' ? '<stdin>' : path, ...(at && { at }) };
  });
}
