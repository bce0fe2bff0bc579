import { SystemError } from '../core/diagnostic/system-error.ts';
import { type ExactJson, parseExactJson } from '../core/oci/exact-json.ts';
import { readBoundedFile, readUpTo } from '../host/file.ts';
import { decodeUtf8 } from '../host/utf8.ts';
import { reasonOf } from '../host/write-file.ts';
import { type CgroupProblem, problem } from '../linux/cgroup/problem.ts';

/** A file of resources has some kilobytes; a mebibyte bounds what a mistaken path may cost. */
const LIMIT = 1 << 20;
const STDIN = 0;

/**
 * Reads a JSON file, or standard input for `-`, with every digit of its integers.
 *
 * @throws {SystemError} `FILE_READ`, `STDIN_READ`
 */
export function readJsonInput(path: string): { readonly json: ExactJson } | { readonly problem: CgroupProblem } {
  const bytes = path === '-' ? readStandardInput() : readFile(path);
  const field = path === '-' ? '<stdin>' : path;
  if (bytes === undefined || bytes.length > LIMIT)
    return { problem: problem('FILE_TOO_LARGE', field, { limit: LIMIT }) };
  const decoded = decodeUtf8(bytes);
  if ('invalidAt' in decoded) {
    return { problem: problem('JSON_INVALID', field, { reason: `byte ${decoded.invalidAt} is not UTF-8` }) };
  }
  try {
    return { json: parseExactJson(decoded.text.replace(/^\uFEFF/, '')) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problem: problem('JSON_INVALID', field, { reason: error.message }) };
  }
}

function readFile(path: string): Buffer | undefined {
  const content = readBoundedFile(path, LIMIT);
  switch (content.kind) {
    case 'content':
      return content.bytes;
    case 'too-large':
      return undefined;
    case 'not-regular':
      throw new SystemError('FILE_READ', { path, reason: `it is a ${content.what}, not a file` });
    case 'failed':
      throw new SystemError('FILE_READ', { path, reason: reasonOf(content.error) }, { cause: content.error });
    default:
      return content satisfies never;
  }
}

function readStandardInput(): Buffer {
  try {
    return readUpTo(STDIN, LIMIT);
  } catch (error) {
    throw new SystemError('STDIN_READ', { reason: reasonOf(error) }, { cause: error });
  }
}
