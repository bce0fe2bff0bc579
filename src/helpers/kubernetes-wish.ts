import { readFileSync } from 'node:fs';
import type { OciState } from '../core/oci/state.ts';
import { type QosClass, qosOfPath } from '../linux/cgroup/kubernetes.ts';
import { qosOfMemory } from '../linux/cgroup/kubernetes-qos.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';

/** What a helper is told of a container's class of service and memory; the rest it finds in config.json. */
export interface KubernetesFlags {
  readonly qos?: QosClass;
  /** Bytes. */
  readonly request?: bigint;
  readonly limit?: bigint;
}

/** A container's class of service and memory, as far as they are known. */
export interface KubernetesWish {
  readonly qos: QosClass;
  readonly request: bigint | undefined;
  readonly limit: bigint | undefined;
}

/**
 * Finds out a container's class: as given, else by the names of its cgroup, else by requests and limits. config.json
 * holds no request, so for a Guaranteed container it is the limit.
 */
export function kubernetesWish(state: OciState, flags: KubernetesFlags): KubernetesWish {
  const needsConfig = flags.qos === undefined || flags.limit === undefined;
  const linux = needsConfig ? memberOf(readBundleConfig(state), 'linux') : undefined;
  const configured = memberOf(linux, 'resources', 'memory', 'limit');
  const bytes = typeof configured === 'number' || typeof configured === 'bigint' ? BigInt(configured) : 0n;
  // 0 and -1 both mean that there is no limit.
  const limit = flags.limit ?? (bytes > 0n ? bytes : undefined);
  const path = memberOf(linux, 'cgroupsPath');
  const named = typeof path === 'string' ? qosOfPath(path) : undefined;
  const qos = flags.qos ?? named ?? qosOfMemory(flags.request, limit);
  return { qos, limit, request: flags.request ?? (qos === 'Guaranteed' ? limit : undefined) };
}

/** Gives the memory of this machine in bytes, as /proc/meminfo has it. */
export function machineMemory(): bigint {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return BigInt(kibibytes ?? 0) * 1024n;
}
