import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

/** A pod as the CRI is told of it. */
export interface PodSandboxConfig {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string };
  readonly log_directory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: {
    readonly cgroup_parent: string;
    readonly security_context: { readonly namespace_options: { readonly network: 'NODE' } };
  };
}

/** A container as the CRI is told of it. */
export interface ContainerConfig {
  readonly metadata: { readonly name: string };
  readonly image: { readonly image: string };
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly envs?: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly {
    readonly container_path: string;
    readonly host_path: string;
    readonly readonly?: boolean;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux?: { readonly security_context: object };
}

/** What the CRI says of a container. */
export interface ContainerStatus {
  readonly state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';
  readonly exit_code: number;
  readonly reason: string;
  readonly message: string;
}

/** What a runtime said that it can do, by handler. */
export interface RuntimeHandler {
  readonly name: string;
  readonly features: { readonly recursive_read_only_mounts: boolean; readonly user_namespaces: boolean } | null;
}

interface ByPod {
  readonly pod_sandbox_id: string;
}

interface ByContainer {
  readonly container_id: string;
}

/** What a verbose answer says besides, as JSON texts by topic. */
interface Info {
  readonly info: Readonly<Record<string, string>>;
}

/** Request and answer of each call in cri.proto. */
interface Calls {
  ListImages: [object, { readonly images: readonly { readonly repo_tags: readonly string[] }[] }];
  Status: [{ readonly verbose: boolean }, Info & { readonly runtime_handlers: readonly RuntimeHandler[] }];
  RunPodSandbox: [{ readonly config: PodSandboxConfig; readonly runtime_handler: string }, ByPod];
  StopPodSandbox: [ByPod, object];
  RemovePodSandbox: [ByPod, object];
  ListPodSandbox: [object, { readonly items: readonly { readonly id: string }[] }];
  CreateContainer: [
    ByPod & { readonly config: ContainerConfig; readonly sandbox_config: PodSandboxConfig },
    ByContainer,
  ];
  StartContainer: [ByContainer, object];
  StopContainer: [ByContainer & { readonly timeout: number }, object];
  RemoveContainer: [ByContainer, object];
  ListContainers: [object, { readonly containers: readonly { readonly id: string }[] }];
  ContainerStatus: [ByContainer & { readonly verbose: boolean }, Info & { readonly status: ContainerStatus }];
  ExecSync: [
    ByContainer & { readonly cmd: readonly string[]; readonly timeout: number },
    { readonly stdout: Buffer; readonly stderr: Buffer; readonly exit_code: number },
  ];
}

/** A connection to the Container Runtime Interface of one engine. */
export interface Cri {
  /** Makes one call; rejects with the engine's words, and after 30 seconds. */
  readonly call: <Name extends keyof Calls>(name: Name, request: Calls[Name][0]) => Promise<Calls[Name][1]>;
  readonly close: () => void;
}

const PROTO = fileURLToPath(new URL('cri.proto', import.meta.url));

const LIMIT_SECONDS = 30;

/** Connects to the unix socket of an engine; waits for it while it starts. */
export function connectCri(socketPath: string): Cri {
  const all = loadSync(PROTO, { keepCase: true, enums: String, longs: Number, defaults: true });
  const service = { ...all['runtime.v1.RuntimeService'], ...all['runtime.v1.ImageService'] };
  const client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
    // A unix path is no host name: without this, the server refuses the request's authority.
    'grpc.default_authority': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 100,
  });
  return {
    call: (name, request) => {
      // proto-loader types a service as anything; what it holds under a call's name is the definition of that call.
      const method = (service as Readonly<Record<string, MethodDefinition<object, object>>>)[name];
      if (method === undefined) throw new Error(`cri.proto has no call ${name}`);
      const options = { deadline: Date.now() + LIMIT_SECONDS * 1000 };
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          new Metadata({ waitForReady: true }),
          options,
          // The answer has the shape that cri.proto gives it, which Calls says again.
          (error, answer) => (error === null ? resolve(answer as never) : reject(error)),
        );
      });
    },
    close: () => client.close(),
  };
}
