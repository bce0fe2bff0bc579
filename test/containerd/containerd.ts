import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OciConfig } from '../../src/core/oci/config.ts';
import { type ContainerdSettings, configuration, type NriPlaces } from './configuration.ts';
import {
  type ContainerConfig,
  type ContainerStatus,
  type Cri,
  connectCri,
  type PodSandboxConfig,
  type RuntimeHandler,
} from './cri.ts';
import { losePower, own, removeLeftOver, removeOrphans } from './left-over.ts';
import { BUSYBOX_IMAGE, PAUSE_IMAGE, writeImages } from './oci-image.ts';
import { programsOf, type Suite } from './suite.ts';

/** A pod that runs, and what it was made from: a container's request needs both. */
export interface Pod {
  readonly id: string;
  readonly config: PodSandboxConfig;
}

/** What a command printed. */
export interface Output {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A containerd of the test's own, with its own directories, sockets and cgroup, and a CRI connection to it. */
export interface Containerd {
  readonly work: string;
  readonly suite: Suite;
  /** The files of the containers' image, for `ctr run --rootfs`. */
  readonly rootfs: string;
  readonly nri: NriPlaces;
  readonly runPod: (options?: PodOptions) => Promise<Pod>;
  /** Creates a container, and gives its id. */
  readonly createContainer: (pod: Pod, options?: ContainerOptions) => Promise<string>;
  readonly start: (id: string) => Promise<void>;
  readonly stop: (id: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly removePod: (pod: Pod) => Promise<void>;
  readonly exec: (id: string, ...command: readonly string[]) => Promise<Output>;
  readonly status: (id: string) => Promise<ContainerStatus>;
  readonly containers: () => Promise<readonly string[]>;
  /** The bundle of a pod's or container's id, while it is there. */
  readonly bundleOf: (id: string) => string;
  /** The config.json of that bundle: it is written when the container is started, not when it is created. */
  readonly configOf: (id: string) => OciConfig;
  /** The config of a created container, as the engine keeps it. */
  readonly specOf: (id: string) => Promise<OciConfig>;
  /** What the engine learned of its runtimes; 1.7 does not ask. */
  readonly handlers: () => Promise<readonly RuntimeHandler[]>;
  /** Runs `ctr` in its namespace for tests. */
  readonly ctr: (...args: readonly string[]) => Output;
  /** All that the daemon said so far. */
  readonly log: () => string;
  /** Ends the daemon, with this signal, and starts it again; containers live on. */
  readonly restart: (signal?: NodeJS.Signals) => Promise<void>;
  /** Ends everything at once, as a power cut does, empties what lies in memory, and starts the daemon again. */
  readonly reboot: () => Promise<void>;
  /** Removes every pod, ends the daemon and takes away what is left of it. */
  readonly close: () => Promise<void>;
}

export interface PodOptions {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly handler?: string;
}

export interface ContainerOptions {
  readonly name?: string;
  readonly command?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly mounts?: readonly { readonly source: string; readonly destination: string }[];
  /** What else of its config is not as usual. */
  readonly config?: Partial<ContainerConfig>;
}

/** What the directories of all daemons begin with; a socket's path must be short. */
const PREFIX = '/tmp/hooks-containerd-';

/** Starts a containerd and imports the images. Whoever starts it closes it, also when a test fails. */
export async function startContainerd(settings: ContainerdSettings): Promise<Containerd> {
  await removeOrphans(PREFIX);
  const work = mkdtempSync(PREFIX);
  own(work);
  const cgroupParent = basename(work);
  const socketPath = join(work, 'containerd.sock');
  const logFile = join(work, 'daemon.log');
  const nri = {
    // In a directory of its own, as a pod mounts it: the socket is another one after each start.
    socketPath: join(work, 'nri/nri.sock'),
    pluginsDirectory: join(work, 'nri-plugins'),
    configDirectory: join(work, 'nri-conf.d'),
  };
  const images = join(work, 'images');
  const programs = programsOf(settings.suite);
  const environment = { ...process.env, ...settings.environment, PATH: `${programs}:${process.env['PATH']}` };
  for (const directory of [nri.pluginsDirectory, nri.configDirectory, join(work, 'logs')]) mkdirSync(directory);
  settings.nri?.install?.(nri);
  const configFile = join(work, 'containerd.toml');
  writeFileSync(configFile, configuration(settings, { work, socketPath, nri }));

  let daemon: ChildProcess | undefined;
  let cri = connectCri(socketPath);
  let pods = 0;

  const ctr = (namespace: string, ...args: readonly string[]): Output => {
    const command = ['--address', socketPath, '--namespace', namespace, ...args];
    const { status, stdout, stderr } = spawnSync(join(programs, 'ctr'), command, { encoding: 'utf8', timeout: 50_000 });
    return { status, stdout, stderr };
  };

  const launch = async (): Promise<void> => {
    const log = openSync(logFile, 'a');
    daemon = spawn(join(programs, 'containerd'), ['--config', configFile], {
      env: environment,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const gone = exitOf(daemon).then((how) => Promise.reject(new Error(`containerd ended, ${how}\n${read(logFile)}`)));
    await Promise.race([answer(cri), gone]);
  };

  const halt = async (signal: NodeJS.Signals): Promise<void> => {
    cri.close();
    if (daemon === undefined) return;
    const exit = exitOf(daemon);
    daemon.kill(signal);
    const hang = setTimeout(() => daemon?.kill('SIGKILL'), 10_000);
    await exit;
    clearTimeout(hang);
    daemon = undefined;
  };

  const removeAll = async (): Promise<void> => {
    const { items } = await cri.call('ListPodSandbox', {});
    for (const { id } of items) {
      await cri.call('StopPodSandbox', { pod_sandbox_id: id });
      await cri.call('RemovePodSandbox', { pod_sandbox_id: id });
    }
  };

  const close = async (): Promise<void> => {
    try {
      if (daemon?.exitCode === null) await removeAll();
    } catch {
      // A test may leave what cannot be removed this way; what is below needs no answer from the daemon.
    }
    await halt('SIGTERM');
    await removeLeftOver(work, cgroupParent);
  };

  const bundleOf = (id: string): string => join(work, 'state/io.containerd.runtime.v2.task/k8s.io', id);

  try {
    await launch();
    // The CRI unpacks an image when its first container is made, into the snapshotter that it is set to.
    const imported = ctr('k8s.io', 'images', 'import', '--no-unpack', writeImages(images));
    if (imported.status !== 0) throw new Error(`ctr images import: ${imported.stderr}`);
    await haveImages(cri);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    work,
    suite: settings.suite,
    rootfs: join(images, 'rootfs'),
    nri,
    runPod: async ({ namespace = 'default', annotations = {}, labels = {}, handler = '' } = {}) => {
      pods += 1;
      const config: PodSandboxConfig = {
        metadata: { name: `pod-${pods}`, uid: `${cgroupParent}-${pods}`, namespace },
        log_directory: join(work, 'logs'),
        annotations,
        labels,
        linux: { cgroup_parent: `/${cgroupParent}`, security_context: { namespace_options: { network: 'NODE' } } },
      };
      const { pod_sandbox_id } = await cri.call('RunPodSandbox', { config, runtime_handler: handler });
      return { id: pod_sandbox_id, config };
    },
    createContainer: async (
      pod,
      { name = 'app', command = [], annotations = {}, mounts = [], config: more = {} } = {},
    ) => {
      const config = {
        metadata: { name },
        image: { image: BUSYBOX_IMAGE },
        command,
        annotations,
        labels: {},
        mounts: mounts.map(({ source, destination }) => ({ host_path: source, container_path: destination })),
        ...more,
      };
      const request = { pod_sandbox_id: pod.id, config, sandbox_config: pod.config };
      return (await cri.call('CreateContainer', request)).container_id;
    },
    start: async (id) => {
      await cri.call('StartContainer', { container_id: id });
    },
    stop: async (id) => {
      await cri.call('StopContainer', { container_id: id, timeout: 5 });
    },
    remove: async (id) => {
      await cri.call('RemoveContainer', { container_id: id });
    },
    removePod: async ({ id }) => {
      await cri.call('StopPodSandbox', { pod_sandbox_id: id });
      await cri.call('RemovePodSandbox', { pod_sandbox_id: id });
    },
    exec: async (id, ...command) => {
      const answer = await cri.call('ExecSync', { container_id: id, cmd: command, timeout: 10 });
      return { status: answer.exit_code, stdout: answer.stdout.toString(), stderr: answer.stderr.toString() };
    },
    status: async (id) => (await cri.call('ContainerStatus', { container_id: id, verbose: false })).status,
    containers: async () => (await cri.call('ListContainers', {})).containers.map(({ id }) => id),
    bundleOf,
    configOf: (id) => JSON.parse(read(join(bundleOf(id), 'config.json'))),
    specOf: async (id) => {
      const { info } = await cri.call('ContainerStatus', { container_id: id, verbose: true });
      return JSON.parse(info['info'] ?? '{}').runtimeSpec;
    },
    handlers: async () => (await cri.call('Status', { verbose: false })).runtime_handlers,
    ctr: (...args) => ctr('tests', ...args),
    log: () => read(logFile),
    restart: async (signal = 'SIGTERM') => {
      await halt(signal);
      cri = connectCri(socketPath);
      await launch();
    },
    reboot: async () => {
      await halt('SIGKILL');
      await losePower(work, cgroupParent, [join(work, 'state'), join(work, 'runc')]);
      cri = connectCri(socketPath);
      await launch();
    },
    close,
  };
}

/** Waits until the CRI answers: the socket is there before the service behind it. */
async function answer(cri: Cri): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await cri.call('Status', { verbose: false });
      return;
    } catch (error) {
      if (attempt === 100 || !String(error).includes('not initialized yet')) throw error;
      await delay(100);
    }
  }
}

/** Waits until the CRI knows the images that were imported beside it: it hears of them by an event. */
async function haveImages(cri: Cri): Promise<void> {
  for (let attempt = 1; attempt <= 100; attempt++) {
    const { images } = await cri.call('ListImages', {});
    const tags = images.flatMap((image) => image.repo_tags);
    if ([BUSYBOX_IMAGE, PAUSE_IMAGE].every((image) => tags.includes(image))) return;
    await delay(100);
  }
  throw new Error('the CRI does not see the images that were imported');
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

function exitOf(child: ChildProcess): Promise<string> {
  const how = (): string => `status ${child.exitCode}, signal ${child.signalCode}`;
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(how());
  return new Promise((resolve) => {
    child.once('exit', () => resolve(how()));
    child.once('error', (error) => resolve(error.message));
  });
}
