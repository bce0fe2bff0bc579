import { join } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { type ExactJson, type ExactJsonObject, isExactObject, parseExactJson } from '../core/oci/exact-json.ts';
import { type OciState, parseState } from '../core/oci/state.ts';
import { CONFIG_LIMIT } from '../host/bundle.ts';
import { readBoundedFile, readUpTo } from '../host/file.ts';
import { decodeUtf8 } from '../host/utf8.ts';
import { reasonOf } from '../host/write-file.ts';

/** The most bytes a state may have: its annotations are those of the container. */
const STATE_LIMIT = 16 << 20;
const STDIN = 0;

/**
 * Reads the state that the runtime hands to a hook on standard input.
 *
 * @throws {SystemError} `STDIN_READ`, `STATE_INVALID`
 */
export function readState(descriptor: number = STDIN): OciState {
  let bytes: Buffer;
  try {
    bytes = readUpTo(descriptor, STATE_LIMIT);
  } catch (error) {
    throw new SystemError('STDIN_READ', { reason: reasonOf(error) }, { cause: error });
  }
  if (bytes.length > STATE_LIMIT)
    throw new SystemError('STATE_INVALID', { reason: `it has more than ${STATE_LIMIT} bytes` });
  const decoded = decodeUtf8(bytes);
  const parsed = 'text' in decoded ? parseState(decoded.text) : { reason: `byte ${decoded.invalidAt} is not UTF-8` };
  if ('reason' in parsed) throw new SystemError('STATE_INVALID', { reason: parsed.reason });
  return parsed.state;
}

/**
 * Reads the config.json of a container's bundle, with every digit of its integers.
 *
 * @throws {SystemError} `FILE_READ`, also where it is no JSON object or too large
 */
export function readBundleConfig({ bundle }: OciState): ExactJsonObject {
  const path = join(bundle, 'config.json');
  const refuse = (reason: string): never => {
    throw new SystemError('FILE_READ', { path, reason });
  };
  const content = readBoundedFile(path, CONFIG_LIMIT);
  if (content.kind === 'failed') return refuse(reasonOf(content.error));
  if (content.kind === 'not-regular') return refuse(`it is a ${content.what}, not a file`);
  if (content.kind === 'too-large') return refuse(`it has more than ${CONFIG_LIMIT} bytes`);
  const decoded = decodeUtf8(content.bytes);
  if ('invalidAt' in decoded) return refuse(`byte ${decoded.invalidAt} is not UTF-8`);
  let json: ExactJson;
  try {
    json = parseExactJson(decoded.text);
  } catch (error) {
    return refuse(reasonOf(error));
  }
  return isExactObject(json) ? json : refuse('it is not a JSON object');
}

/** Gives a member of a member: `memberOf(config, 'linux', 'resources')`; undefined where one of them is absent. */
export function memberOf(json: ExactJson | undefined, ...path: readonly string[]): ExactJson | undefined {
  let at = json;
  for (const key of path) at = isExactObject(at) ? at[key] : undefined;
  return at ?? undefined;
}
