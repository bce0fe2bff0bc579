import { type ExactJson, isExactObject, parseExactJson } from './exact-json.ts';

/**
 * A container's state as a runtime hands it to a hook. Source: OCI runtime-spec 1.2, runtime.md, "State".
 *
 * `pid` is undefined where the runtime gives none, 0 (crun) or -1 (gVisor), as at poststop. `status` is undefined where it is
 * absent or empty, as in every state of Kata's Go runtime.
 */
export interface OciState {
  readonly id: string;
  readonly status: string | undefined;
  readonly pid: number | undefined;
  /** Absolute. */
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A state, or why the text is none. */
export type ParsedState = { readonly state: OciState } | { readonly reason: string };

/** A container id that is safe in a file name. Source: runc libcontainer, id regexp. */
export function isContainerId(id: string): boolean {
  return /^[A-Za-z0-9_+.-]{1,1024}$/.test(id) && id !== '.' && id !== '..';
}

/** Reads a state; fields that no hook helper needs are not looked at. */
export function parseState(text: string): ParsedState {
  let json: ExactJson;
  try {
    json = parseExactJson(text);
  } catch (error) {
    return { reason: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isExactObject(json)) return { reason: 'it is not a JSON object' };
  const { id, status, pid = 0, bundle, annotations = {} } = json;
  if (typeof id !== 'string' || !isContainerId(id)) return { reason: 'its "id" is no container id' };
  if (typeof bundle !== 'string' || !bundle.startsWith('/') || bundle.includes('\0')) {
    return { reason: 'its "bundle" is no absolute path' };
  }
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < -1) return { reason: 'its "pid" is no number' };
  if (annotations !== null && !isExactObject(annotations)) return { reason: 'its "annotations" are no object' };
  const entries = Object.entries(annotations ?? {}).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return {
    state: {
      id,
      status: typeof status === 'string' && status !== '' ? status : undefined,
      pid: pid <= 0 ? undefined : pid,
      bundle,
      annotations: Object.fromEntries(entries),
    },
  };
}

/**
 * Tells whether a state is that of a container that has stopped, as at poststop; undefined where the runtime does not say.
 */
export function hasStopped({ status }: OciState): boolean | undefined {
  return status === undefined ? undefined : status === 'stopped';
}
