import { join } from 'node:path';
import { PAUSE_IMAGE } from './oci-image.ts';
import type { Suite } from './suite.ts';

/** A runtime class of the engine. */
export interface RuntimeClass {
  /** The program that the shim calls as runc: a path, or a name in PATH. */
  readonly binaryName: string;
  /** Globs of the annotations that reach config.json; the engine's default is none. */
  readonly podAnnotations?: readonly string[];
  readonly containerAnnotations?: readonly string[];
}

/** What a containerd of the tests is started with. */
export interface ContainerdSettings {
  readonly suite: Suite;
  /** By handler name; the first is the default. Default: runc alone. */
  readonly runtimes?: Readonly<Record<string, RuntimeClass>>;
  /** Added to the environment of the daemon, its shims and so the runtime. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Turns the Node Resource Interface on. */
  readonly nri?: {
    /** Added to its table in the configuration. */
    readonly settings?: string;
    /** Puts plugins where the daemon looks for them when it starts. */
    readonly install?: (places: NriPlaces) => void;
  };
}

/** Where an engine looks for NRI plugins. */
export interface NriPlaces {
  readonly socketPath: string;
  readonly pluginsDirectory: string;
  readonly configDirectory: string;
}

/** Where a daemon keeps what it keeps. */
export interface DaemonPlaces {
  readonly work: string;
  readonly socketPath: string;
  readonly nri: NriPlaces;
}

/** The daemon's configuration in TOML, in which a JSON text is a string and an array of them an array. */
export function configuration(settings: ContainerdSettings, { work, socketPath, nri }: DaemonPlaces): string {
  const text = JSON.stringify;
  const runtimes = settings.runtimes ?? { runc: { binaryName: 'runc' } };
  // Root in a container may not lower its score; the native snapshotter works on every file system.
  const [version, table, cri] =
    settings.suite === 'trixie'
      ? [
          2,
          "plugins.'io.containerd.grpc.v1.cri'",
          [
            `sandbox_image = ${text(PAUSE_IMAGE)}`,
            'restrict_oom_score_adj = true',
            "[plugins.'io.containerd.grpc.v1.cri'.containerd]",
            "snapshotter = 'native'",
          ],
        ]
      : [
          3,
          "plugins.'io.containerd.cri.v1.runtime'",
          [
            'restrict_oom_score_adj = true',
            "[plugins.'io.containerd.cri.v1.images']",
            "snapshotter = 'native'",
            "[plugins.'io.containerd.cri.v1.images'.pinned_images]",
            `sandbox = ${text(PAUSE_IMAGE)}`,
            "[plugins.'io.containerd.cri.v1.runtime'.containerd]",
          ],
        ];
  return [
    `version = ${version}`,
    `root = ${text(join(work, 'root'))}`,
    `state = ${text(join(work, 'state'))}`,
    // It would put programs into /opt/containerd.
    "disabled_plugins = ['io.containerd.internal.v1.opt']",
    '[grpc]',
    `address = ${text(socketPath)}`,
    '[ttrpc]',
    `address = ${text(`${socketPath}.ttrpc`)}`,
    `[${table}]`,
    ...cri,
    `default_runtime_name = ${text(Object.keys(runtimes)[0])}`,
    ...Object.entries(runtimes).flatMap(([name, { binaryName, podAnnotations = [], containerAnnotations = [] }]) => [
      `[${table}.containerd.runtimes.${name}]`,
      "runtime_type = 'io.containerd.runc.v2'",
      `pod_annotations = ${text(podAnnotations)}`,
      `container_annotations = ${text(containerAnnotations)}`,
      `[${table}.containerd.runtimes.${name}.options]`,
      `BinaryName = ${text(binaryName)}`,
      `Root = ${text(join(work, 'runc'))}`,
      'SystemdCgroup = false',
    ]),
    "[plugins.'io.containerd.nri.v1.nri']",
    `disable = ${settings.nri === undefined}`,
    `socket_path = ${text(nri.socketPath)}`,
    `plugin_path = ${text(nri.pluginsDirectory)}`,
    `plugin_config_path = ${text(nri.configDirectory)}`,
    settings.nri?.settings ?? '',
  ].join('\n');
}
