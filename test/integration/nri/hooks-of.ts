import type { OciConfig } from '../../../src/core/oci/config.ts';
import type { Containerd } from '../../containerd/containerd.ts';

/** A definition's hook that is known by its name. */
export function named(name: string): { readonly hook: object } {
  return { hook: { path: '/bin/true', args: [name] } };
}

/** The names of a config's createRuntime hooks, in their order. */
export function namesIn({ hooks }: OciConfig): string[] {
  return (hooks?.createRuntime ?? []).map((hook) => String((hook as { readonly args: readonly string[] }).args[0]));
}

/** The names of a created container's createRuntime hooks. */
export async function hooksOf(containerd: Containerd, id: string): Promise<string[]> {
  return namesIn(await containerd.specOf(id));
}
