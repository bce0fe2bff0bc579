import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  ConfigureRequestSchema,
  ConfigureResponseSchema,
  type CreateContainerRequestSchema,
  type CreateContainerResponse,
  CreateContainerRequestSchema as CreateRequest,
  CreateContainerResponseSchema as CreateResponse,
  type RegisterPluginRequest,
  RegisterPluginRequestSchema,
  SynchronizeRequestSchema,
  type SynchronizeResponse,
  SynchronizeResponseSchema,
} from '../src/generated/nri-messages.ts';
import { createFrameReader, framesOf, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from '../src/nri/mux.ts';
import { createClient } from '../src/nri/ttrpc-client.ts';
import { createServer as createTtrpcServer } from '../src/nri/ttrpc-server.ts';

/** A plugin as a runtime sees it. */
export interface RuntimeSession {
  readonly registered: RegisterPluginRequest;
  /** The events that the plugin asked for. */
  readonly events: number;
  readonly call: <Request extends DescMessage, Response extends DescMessage>(
    method: string,
    request: readonly [Request, MessageInitShape<Request>],
    response: Response,
  ) => Promise<MessageShape<Response>>;
  readonly createContainer: (
    request: MessageInitShape<typeof CreateContainerRequestSchema>,
  ) => Promise<CreateContainerResponse>;
  readonly synchronize: (request: MessageInitShape<typeof SynchronizeRequestSchema>) => Promise<SynchronizeResponse>;
  /** Payload bytes of every frame that came from the plugin, by the frames' own headers. */
  readonly frames: readonly number[];
  readonly closed: Promise<void>;
  readonly close: () => void;
  /** Sends bytes as they are. */
  readonly sendRaw: (bytes: Uint8Array) => void;
}

/** What a runtime tells a plugin when it registers. */
export interface RuntimeManners {
  readonly config?: string;
  /** Refuses the registration with this message. */
  readonly refuse?: string;
  /** Left out, as containerd 1.7 does with plugins that it starts. */
  readonly doesNotSynchronize?: boolean;
}

/** Plays the runtime's part with a plugin on a stream: registration, Configure and Synchronize. */
export async function acceptPlugin(stream: Duplex, manners: RuntimeManners = {}): Promise<RuntimeSession> {
  const frames: number[] = [];
  const send = (connection: number) => (message: Uint8Array) => stream.write(framesOf(connection, message));
  const client = createClient(send(PLUGIN_CONNECTION));
  let register: (request: RegisterPluginRequest) => void = () => undefined;
  const registered = new Promise<RegisterPluginRequest>((resolve) => {
    register = resolve;
  });
  const serve = createTtrpcServer(
    new Map([
      [
        'nri.pkg.api.v1alpha1.Runtime/RegisterPlugin',
        (payload: Uint8Array) => {
          if (manners.refuse !== undefined) throw new Error(manners.refuse);
          register(fromBinary(RegisterPluginRequestSchema, payload));
          return new Uint8Array();
        },
      ],
    ]),
    send(RUNTIME_CONNECTION),
  );
  const read = createFrameReader((connection, bytes) => {
    if (connection === PLUGIN_CONNECTION) client.receive(bytes);
    else serve(bytes);
  });
  const count = frameSizes(frames);
  stream.on('data', (bytes: Buffer) => {
    count(bytes);
    read(bytes);
  });
  stream.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('end', () => {
      client.close('the plugin left');
      stream.end();
      resolve();
    });
  });
  const call: RuntimeSession['call'] = async (method, [schema, init], response) => {
    const payload = toBinary(schema, create(schema, init));
    return fromBinary(response, await client.call('nri.pkg.api.v1alpha1.Plugin', method, payload, 10_000));
  };
  const synchronize: RuntimeSession['synchronize'] = (request) =>
    call('Synchronize', [SynchronizeRequestSchema, request], SynchronizeResponseSchema);
  const request = await registered;
  const about = { config: manners.config ?? '', runtimeName: 'containerd', runtimeVersion: '2.1.9' };
  const { events } = await call(
    'Configure',
    [ConfigureRequestSchema, { ...about, requestTimeout: 2000n }],
    ConfigureResponseSchema,
  );
  if (!manners.doesNotSynchronize) await synchronize({});
  return {
    registered: request,
    events,
    call,
    synchronize,
    createContainer: (init) => call('CreateContainer', [CreateRequest, init], CreateResponse),
    frames,
    closed,
    close: () => stream.destroy(),
    sendRaw: (bytes) => stream.write(bytes),
  };
}

/** Reads nothing but the headers of frames: a second opinion on how messages are cut. */
function frameSizes(sizes: number[]): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const length = rest.readUInt32BE(4);
      sizes.push(length);
      rest = rest.subarray(8 + length);
    }
  };
}

/** A runtime's NRI socket. */
export interface RuntimeSocket {
  /** Gives the next plugin that registers. */
  readonly next: (manners?: RuntimeManners) => Promise<RuntimeSession>;
  readonly close: () => Promise<void>;
}

/** Listens at a path as a runtime does. */
export async function listenAsRuntime(path: string): Promise<RuntimeSocket> {
  const waiting: ((socket: Socket) => void)[] = [];
  const arrived: Socket[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const taker = waiting.shift();
    if (taker) taker(socket);
    else arrived.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    next: async (manners) => {
      const socket = arrived.shift() ?? (await new Promise<Socket>((resolve) => waiting.push(resolve)));
      return acceptPlugin(socket, manners);
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
