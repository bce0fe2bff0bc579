import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { ConfigMap, Namespace } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { KUBECTL, kubectl } from '../containerd/kubectl.ts';
import { requires } from '../requirement.ts';
import { hooks, ROOT } from './cli/run.ts';

const FOLDER = join(ROOT, 'deploy/kubernetes');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

type Model = new (data: never) => { validate: () => void };
const MODELS: Readonly<Record<string, Model>> = { ConfigMap, DaemonSet, Namespace };

/**
 * Gives what a validator of Kubernetes' own schemas finds, and each field that it never looked at: the schemas allow
 * unknown fields, and the API server drops them in silence.
 */
function faultsOf(manifest: Manifest): string[] {
  const unread = new Set<string>();
  const data = watched(manifest, '', unread);
  const model = MODELS[manifest.kind];
  if (!model) return [`no model of ${manifest.kind}`];
  try {
    model.prototype.validate.call(data);
  } catch (error) {
    return [String(error)];
  }
  return [...unread].map((path) => `unknown field ${path}`);
}

/** A value that crosses out each of its fields in `unread` when it is read. */
function watched<T>(value: T, path: string, unread: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  const copy: unknown = Array.isArray(value)
    ? value.map((item, index) => watched(item, `${path}/${index}`, unread))
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, watched(item, `${path}/${key}`, unread)]));
  if (Array.isArray(copy)) return copy as T;
  for (const key of Object.keys(value)) unread.add(`${path}/${key}`);
  return new Proxy(copy as T & object, {
    get: (target, key, receiver) => {
      if (typeof key === 'string') unread.delete(`${path}/${key}`);
      return Reflect.get(target, key, receiver);
    },
  });
}

function build(name: string): Manifest[] {
  const { stdout, stderr, status } = spawnSync(KUBECTL, ['kustomize', join(FOLDER, name)], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

describe('the check of manifests', () => {
  const read = (): { spec: { template: { spec: { containers: Record<string, unknown>[] } } } } & Manifest =>
    parse(readFileSync(join(FOLDER, 'base/daemonset.yaml'), 'utf8'));

  it('finds a field that is misspelled, and a value of the wrong kind', () => {
    const [misspelled, wrong] = [read(), read()];
    Object.assign(misspelled.spec.template.spec.containers[0] ?? {}, { imagePulPolicy: 'Always' });
    Object.assign(wrong.spec.template.spec.containers[0] ?? {}, { args: '--host-root=/host' });
    expect(faultsOf(misspelled)).toEqual(['unknown field /spec/template/spec/containers/0/imagePulPolicy']);
    expect(faultsOf(wrong)).toEqual([expect.stringContaining('args must be array')]);
  });
});

requires([kubectl], () => {
  describe.each(['base', 'helpers', 'uninstall'])('deploy/kubernetes/%s', (name) => {
    it('is what Kubernetes takes, without unknown fields', () => {
      const manifests = build(name);
      expect(manifests.map(({ kind }) => kind)).toContain('DaemonSet');
      expect(manifests.flatMap((manifest) => faultsOf(manifest))).toEqual([]);
    });

    it('runs with no capability, no writable root and no token', () => {
      const sets = build(name).filter(({ kind }) => kind === 'DaemonSet') as unknown as {
        spec: { template: { spec: PodSpec } };
      }[];
      for (const { spec } of sets.map((set) => set.spec.template)) {
        expect(spec.automountServiceAccountToken).toBe(false);
        expect([spec.hostNetwork, spec.hostPID, spec.hostIPC]).toEqual([undefined, undefined, undefined]);
        for (const { securityContext } of [...(spec.initContainers ?? []), ...spec.containers]) {
          expect(securityContext).toMatchObject({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          });
          expect(securityContext).not.toHaveProperty('privileged');
          expect(securityContext.capabilities).not.toHaveProperty('add');
        }
      }
    });
  });

  it('every mount of a pod has its volume, and every volume its mount', () => {
    for (const name of ['base', 'helpers', 'uninstall']) {
      for (const manifest of build(name).filter(({ kind }) => kind === 'DaemonSet')) {
        const { spec } = (manifest as unknown as { spec: { template: { spec: PodSpec } } }).spec.template;
        const mounts = [...(spec.initContainers ?? []), ...spec.containers].flatMap(
          (container) => container.volumeMounts ?? [],
        );
        expect(new Set(mounts.map((mount) => mount.name))).toEqual(new Set(spec.volumes.map((volume) => volume.name)));
      }
    }
  });
});

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly initContainers?: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
  readonly volumes: readonly { readonly name: string }[];
}

interface PodContainer {
  readonly securityContext: { readonly capabilities: object };
  readonly volumeMounts?: readonly { readonly name: string }[];
}

describe('the files that the pod is given', () => {
  it('are definitions and settings without a mistake', () => {
    const files = ['base/hooks.d'].map((file) => join(FOLDER, file));
    expect(hooks(['validate', ...files])).toMatchObject({ status: 0 });
  });
});
