import type { OciHooks } from '../core/oci/config.ts';
import type { Hook } from '../core/oci/hook.ts';
import { STAGES } from '../core/oci/stage.ts';
import { type BindMountRule, type ContainerView, containerFromConfig } from '../core/when/container.ts';
import type { Container, Entry, Hooks, Hook as NriHook, PodSandbox } from '../generated/nri-messages.ts';
import type { PodAnnotations } from './settings.ts';

/** What of a container and its pod counts. */
export interface MatchingRules {
  readonly podAnnotations: PodAnnotations;
  readonly hasBindMounts: BindMountRule;
}

/**
 * Gives the view of a container as the runtime describes it. Without its pod only its own annotations are known; a process
 * without arguments is one, as NRI tells no container without a process.
 */
export function containerView(pod: PodSandbox | undefined, container: Container, rules: MatchingRules): ContainerView {
  const { args, mounts, hooks } = container;
  const annotations = textsOf(inOrder(pod?.annotations ?? [], container.annotations, rules.podAnnotations));
  const config = { process: { args }, mounts, annotations, ...(hooks && { hooks: existingHooks(hooks) }) };
  return containerFromConfig(config, { hasBindMounts: rules.hasBindMounts });
}

/** Gives both sets; of a key that stands in both, the later counts. */
function inOrder(ofPod: readonly Entry[], ofContainer: readonly Entry[], order: PodAnnotations): readonly Entry[] {
  switch (order) {
    case 'first':
      return [...ofPod, ...ofContainer];
    case 'last':
      return [...ofContainer, ...ofPod];
    case 'off':
      return ofContainer;
    default:
      return order satisfies never;
  }
}

/** Gives entries as an object. Built by `fromEntries`, it may have any key, also `__proto__`. */
export function textsOf(entries: readonly Entry[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

function existingHooks(hooks: Hooks): OciHooks {
  return Object.fromEntries(STAGES.map((stage) => [stage, hooks[stage].map(existingHook)]));
}

function existingHook({ path, args, env, timeout }: NriHook): Hook {
  return { path, args, env, ...(timeout && { timeout: timeout.value }) };
}
