import { minimatch } from 'minimatch';
import { locateIn, type PathSegment } from '../core/definition/document.ts';
import type { ShapeError } from '../core/definition/shape-validator.ts';
import { readYaml } from '../core/definition/yaml.ts';
import { type Diagnostic, error, hasErrors } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import { validatePolicy } from '../generated/validate-policy.ts';
import { readBoundedFile } from './file.ts';
import { createTrustCheck, type Trust } from './trust.ts';
import { decodeUtf8 } from './utf8.ts';
import { reasonOf } from './write-file.ts';

/** Where the administrator says what annotations may ask for. */
export const POLICY_PATH = '/etc/oci-hooks/policy.yaml';

/** As for every YAML text (design: sizes are bounded). */
const POLICY_LIMIT = 256 << 10;

/** What annotations may ask of the hook helpers; what is absent is refused. Its shape is schemas/policy.json. */
export interface Policy {
  readonly version: 1;
  readonly devices?: {
    readonly allow?: readonly string[];
    readonly deny?: readonly string[];
    readonly access?: string;
  };
  /** File of cgroup v2 -> the highest number that may be asked for. */
  readonly unified?: Readonly<Record<string, number | 'any'>>;
  readonly 'memory-qos'?: { readonly request?: number; readonly factor?: boolean };
  /** `score` is the lowest that may be asked for. */
  readonly oom?: { readonly group?: boolean; readonly score?: number };
  readonly 'systemd-props'?: readonly string[];
  /** Whether a sandbox may choose its own cgroups. */
  readonly 'sandbox-overhead'?: { readonly 'cgroup-only'?: boolean; readonly threads?: boolean };
}

/**
 * Reads the policy. It must belong to root (or the caller) and be writable by nobody else, as must every directory
 * above it.
 *
 * @returns undefined when there is none: then every request from an annotation is refused
 * @throws {ConfigError} when it cannot be trusted, read or understood
 */
export function loadPolicy(path: string = POLICY_PATH, trust: Trust = 'refuse'): Policy | undefined {
  const content = readBoundedFile(path, POLICY_LIMIT);
  if (content.kind === 'failed' && errnoOf(content.error) === 'ENOENT') return undefined;
  const untrusted = createTrustCheck(trust)(path);
  if (hasErrors(untrusted)) throw new ConfigError(untrusted);
  switch (content.kind) {
    case 'failed':
      throw new ConfigError([error('FILE_UNREADABLE', { path }, { reason: reasonOf(content.error) })]);
    case 'not-regular':
      throw new ConfigError([error('FILE_NOT_REGULAR', { path }, { kind: content.what })]);
    case 'too-large':
      throw new ConfigError([error('FILE_TOO_LARGE', { path }, { bytes: content.bytes, limit: POLICY_LIMIT })]);
    case 'content':
      return parsePolicy(path, content.bytes);
    default:
      return content satisfies never;
  }
}

/** Tells whether a policy's globs hold a device, named by its node after links. */
export function fitsAny(globs: readonly string[], device: string): boolean {
  const options = { nobrace: true, noext: true, nocomment: true, nonegate: true, noglobstar: true } as const;
  return globs.some((glob) => minimatch(device, glob, options));
}

function parsePolicy(path: string, bytes: Buffer): Policy {
  const decoded = decodeUtf8(bytes);
  if ('invalidAt' in decoded) {
    throw new ConfigError([error('FILE_INVALID_UTF8', { path }, { byteOffset: decoded.invalidAt })]);
  }
  const { value: document, diagnostics } = readYaml(path, decoded.text);
  if (document === undefined || hasErrors(diagnostics)) throw new ConfigError(diagnostics);
  if (isPolicy(document.value)) return document.value;
  const locate = locateIn(document.root);
  const problems = (validatePolicy.errors ?? []).map((shapeError): Diagnostic => {
    const segments = segmentsOf(shapeError.instancePath);
    return error(
      'POLICY_VALUE',
      { path, at: locate(segments), pointer: shapeError.instancePath },
      { problem: problemOf(shapeError) },
    );
  });
  throw new ConfigError(problems);
}

function isPolicy(value: unknown): value is Policy {
  return validatePolicy(value);
}

function segmentsOf(pointer: string): PathSegment[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function problemOf({ keyword, params }: ShapeError): string {
  switch (keyword) {
    case 'additionalProperties':
      return `the key "${String(params['additionalProperty'])}" is not known`;
    case 'required':
      return `the key "${String(params['missingProperty'])}" is missing`;
    case 'const':
      return `the value must be ${JSON.stringify(params['allowedValue'])}`;
    case 'pattern':
      return `the text does not fit ${String(params['pattern'])}`;
    default:
      return `the value must be of type ${String(params['type'] ?? keyword)}`;
  }
}
