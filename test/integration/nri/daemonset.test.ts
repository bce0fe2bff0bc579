import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { EXECUTABLE } from '../../build-executable.ts';
import { type Containerd, type ContainerOptions, startContainerd } from '../../containerd/containerd.ts';
import { KUBECTL, kubectl } from '../../containerd/kubectl.ts';
import { containerdOf } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { ROOT } from '../cli/run.ts';

// The daemon set of deploy/kubernetes, run by a real containerd as kubelet would have it run: what its manifest says of
// mounts, capabilities and the root file system holds, and with that little the plugin does its work.

interface PodSpec {
  readonly containers: readonly PodContainer[];
  readonly volumes: readonly {
    readonly name: string;
    readonly hostPath?: { readonly path: string };
    readonly configMap?: { readonly name: string };
  }[];
}

interface PodContainer {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
  readonly securityContext: {
    readonly runAsUser: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
    readonly seccompProfile: { readonly type: string };
  };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
}

interface Manifests {
  readonly pod: PodSpec;
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

function manifests(): Manifests {
  const { stdout } = spawnSync(KUBECTL, ['kustomize', join(ROOT, 'deploy/kubernetes/base')], { encoding: 'utf8' });
  const all = parseAllDocuments(stdout).map((document) => document.toJS());
  return {
    pod: all.find(({ kind }) => kind === 'DaemonSet').spec.template.spec,
    configMaps: new Map(
      all.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]),
    ),
  };
}

/** Writes a ConfigMap's volume as kubelet does: mode 0777, and all its files change by the rename of one link. */
function writeVolume(directory: string, data: Readonly<Record<string, string>>): void {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o777);
  // No join here: it would take the dots of the name for the directory above.
  const content = mkdtempSync(`${directory}/..2026_`);
  chmodSync(content, 0o755);
  for (const [name, text] of Object.entries(data)) {
    writeFileSync(join(content, name), text);
    // It leads to the content of now, whichever that is.
    rmSync(join(directory, name), { force: true });
    symlinkSync(join('..data', name), join(directory, name));
  }
  symlinkSync(content.slice(directory.length + 1), join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
}

/** The places of the host that volumes are: the runtime's socket lies elsewhere in this test, all else is as it is. */
function places({ pod, configMaps }: Manifests, containerd: Containerd, work: string): Map<string, string> {
  return new Map(
    pod.volumes.map(({ name, hostPath, configMap }) => {
      const own = join(work, name);
      mkdirSync(own, { recursive: true });
      if (configMap) writeVolume(own, configMaps.get(configMap.name) ?? {});
      if (!hostPath) return [name, own];
      return [name, hostPath.path === '/var/run/nri' ? join(containerd.nri.socketPath, '..') : hostPath.path];
    }),
  );
}

/** The image is busybox and what the executable needs of the machine's libraries. */
const PROGRAM = [EXECUTABLE, '/lib/x86_64-linux-gnu', '/lib64'].map((source) => ({
  host_path: source,
  container_path: source === EXECUTABLE ? '/usr/bin/hooks' : source,
  readonly: true,
}));

function containerOptions(container: PodContainer, volumes: ReadonlyMap<string, string>): ContainerOptions {
  const { securityContext, volumeMounts } = container;
  return {
    name: container.name,
    command: container.command,
    config: {
      args: container.args,
      envs: [{ key: 'POD_NAMESPACE', value: 'oci-hooks' }],
      mounts: [
        ...PROGRAM,
        // Without the propagation, which a machine that systemd did not start refuses: its / is not shared.
        ...volumeMounts.map((mount) => ({
          container_path: mount.mountPath,
          host_path: [volumes.get(mount.name) ?? '', ...(mount.subPath === undefined ? [] : [mount.subPath])].join('/'),
          readonly: mount.readOnly ?? false,
        })),
      ],
      linux: {
        security_context: {
          run_as_user: { value: securityContext.runAsUser },
          readonly_rootfs: securityContext.readOnlyRootFilesystem,
          no_new_privs: !securityContext.allowPrivilegeEscalation,
          capabilities: { drop_capabilities: securityContext.capabilities.drop },
          seccomp: { profile_type: securityContext.seccompProfile.type },
        },
      },
    },
  };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isSo()) return;
    await delay(100);
  }
  throw new Error(`never came: ${what}`);
}

requires([containerdOf('sid'), kubectl, 'runc', 'busybox', root], () => {
  it('is ready with what its manifest grants, injects its ConfigMap, follows a change, and leaves when told', async () => {
    const containerd = await startContainerd({ suite: 'sid', runtimes: { runc: { binaryName: 'runc' } }, nri: {} });
    onTestFinished(() => containerd.close());
    const work = mkdtempSync(join(containerd.work, 'volumes-'));
    const all = manifests();
    const volumes = places(all, containerd, work);
    const [plugin] = all.pod.containers;
    if (!plugin) throw new Error('the daemon set has no container');

    const pod = await containerd.runPod({ namespace: 'oci-hooks' });
    const id = await containerd.createContainer(pod, containerOptions(plugin, volumes));
    await containerd.start(id);
    const spec = await containerd.specOf(id);
    expect(spec['process']).toMatchObject({ noNewPrivileges: true });
    expect(Object.values(Object(Object(spec['process']).capabilities)).flat()).toEqual([]);
    await until('a probe that says ready', async () => {
      const { status } = await containerd.exec(id, ...plugin.readinessProbe.exec.command);
      return status === 0;
    });

    const app = await containerd.runPod();
    const hooksOf = async (annotations: Readonly<Record<string, string>>): Promise<unknown> => {
      const created = await containerd.createContainer(app, { name: `app-${Math.random()}`, annotations });
      return (await containerd.specOf(created))['hooks'] ?? {};
    };
    expect(await hooksOf({ 'example.com/hook': 'yes' })).toMatchObject({ createRuntime: [{ path: '/usr/bin/true' }] });
    expect(await hooksOf({ 'example.com/hook': 'no' })).not.toHaveProperty('createRuntime');

    const changed = {
      '10-example.json': JSON.stringify({
        version: '1.0.0',
        hook: { path: '/usr/bin/false' },
        when: { always: true },
        stages: ['poststop'],
      }),
    };
    writeVolume(volumes.get('definitions') ?? '', changed);
    await until('a hook of the changed ConfigMap', async () =>
      JSON.stringify(await hooksOf({})).includes('/usr/bin/false'),
    );
    await containerd.stop(id);
    expect(await containerd.status(id)).toMatchObject({ state: 'CONTAINER_EXITED', exit_code: 0 });
  });
});
