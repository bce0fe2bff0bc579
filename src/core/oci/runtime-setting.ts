import type { OciConfig } from './config.ts';

/** A setting of config.json that the OCI runtime reads when it makes the container, and that no hook can change. */
export interface RuntimeSetting {
  /** Where it is in config.json (RFC 6901). */
  readonly pointer: string;
  /** The name of the annotation, or `cgroup namespace`. */
  readonly name: string;
  /** The annotation's value, or the path of the namespace that is joined; undefined for a new one. */
  readonly value: string | undefined;
  /** Who reads it. */
  readonly reader: 'crun' | 'runtime';
}

/** Source: crun(1), annotations; runc, docs/systemd.md. */
const READERS: readonly (readonly [prefix: string, reader: RuntimeSetting['reader']])[] = [
  ['run.oci.', 'crun'],
  ['org.systemd.property.', 'runtime'],
];

/**
 * Gives the settings of a config that belong to the runtime, as far as they have to do with cgroups and original groups:
 * annotations `run.oci.*` and `org.systemd.property.*`, then cgroup namespaces, each in the order of the config.
 */
export function runtimeSettings(config: OciConfig): RuntimeSetting[] {
  const annotations = Object.entries(config.annotations ?? {}).flatMap(([name, value]) => {
    const reader = READERS.find(([prefix]) => name.startsWith(prefix))?.[1];
    return reader === undefined ? [] : [{ pointer: `/annotations/${escaped(name)}`, name, value, reader }];
  });
  const namespaces = listOf(memberOf(config['linux'], 'namespaces')).flatMap((namespace, index) => {
    if (memberOf(namespace, 'type') !== 'cgroup') return [];
    const path = memberOf(namespace, 'path');
    const value = typeof path === 'string' && path !== '' ? path : undefined;
    return [{ pointer: `/linux/namespaces/${index}`, name: 'cgroup namespace', value, reader: 'runtime' as const }];
  });
  return [...annotations, ...namespaces];
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The rest of config.json is not looked at by anybody here, so it may have any shape. */
function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined;
}
