import { error, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { type ConfigText, parseConfigText } from '../core/injection/config-text.ts';
import { readBoundedFile } from './file.ts';
import { decodeUtf8 } from './utf8.ts';

/** The most bytes a config.json may have. */
export const CONFIG_LIMIT: number = 64 * 1024 * 1024;

/**
 * Reads a config.json; what is wrong with its content is in the diagnostics.
 *
 * @throws {SystemError} `FILE_READ` when the file cannot be read at all
 */
export function readConfigFile(path: string): Parsed<ConfigText> {
  const content = readBoundedFile(path, CONFIG_LIMIT);
  switch (content.kind) {
    case 'content':
      return parseConfigBytes(path, content.bytes);
    case 'too-large':
      return { diagnostics: [error('CONFIG_TOO_LARGE', { path }, { bytes: content.bytes, limit: CONFIG_LIMIT })] };
    case 'not-regular':
      throw new SystemError('FILE_READ', { path, reason: `it is a ${content.what}, not a file` });
    case 'failed':
      throw new SystemError('FILE_READ', { path, reason: content.error.message }, { cause: content.error });
    default:
      return content satisfies never;
  }
}

/** Reads the bytes of a config.json, which must be UTF-8: decoding anything else would change it. */
export function parseConfigBytes(path: string, bytes: Uint8Array): Parsed<ConfigText> {
  const decoded = decodeUtf8(bytes);
  if ('text' in decoded) return parseConfigText(decoded.text, path);
  return { diagnostics: [error('CONFIG_INVALID_UTF8', { path, at: decoded.at }, { byteOffset: decoded.invalidAt })] };
}
