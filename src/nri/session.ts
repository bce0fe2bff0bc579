import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type ConfigureRequest,
  ConfigureRequestSchema,
  ConfigureResponseSchema,
  type CreateContainerRequest,
  CreateContainerRequestSchema,
  type CreateContainerResponse,
  CreateContainerResponseSchema,
  RegisterPluginRequestSchema,
  type SynchronizeRequest,
  SynchronizeRequestSchema,
  SynchronizeResponseSchema,
} from '../generated/nri-messages.ts';
import { decodeMessage } from './bounded-message.ts';
import { createFrameReader, framesOf, PLUGIN_CONNECTION, RUNTIME_CONNECTION } from './mux.ts';
import type { OpenTransport, Transport } from './transport.ts';
import { createClient } from './ttrpc-client.ts';
import { createServer, type Method } from './ttrpc-server.ts';

const PLUGIN_SERVICE = 'nri.pkg.api.v1alpha1.Plugin';
const RUNTIME_SERVICE = 'nri.pkg.api.v1alpha1.Runtime';

/** The one event that is asked for: CreateContainer is number 4. */
const SUBSCRIBED_EVENTS = 1 << 3;

/** The runtime gives a plugin 5 s by default; it may be told to give more. */
const REGISTRATION_MILLISECONDS = 10_000;

/** How long the other side may take to see that we leave. */
const LEAVING_MILLISECONDS = 500;

/** A runtime that asks and asks and does not read the answers is left. */
const QUEUE_LIMIT = 16 << 20;

/** Under which name and at which place in the order of plugins the runtime knows us. */
export interface PluginIdentity {
  readonly name: string;
  /** Two digits. */
  readonly index: string;
}

/** What a session asks of the plugin. */
export interface SessionHandlers {
  readonly configure: (request: ConfigureRequest) => Promise<void>;
  /** Told of all pods and containers that are there; in parts, of which all but the last say `more`. */
  readonly synchronize: (request: SynchronizeRequest) => void;
  readonly createContainer: (request: CreateContainerRequest) => CreateContainerResponse;
  /** Told each step on the way: the last one is reached when the runtime sends its events. */
  readonly reached: (step: SessionStep) => void;
}

/** How far a session has come. */
export type SessionStep = 'registering' | 'configured' | 'ready';

/** A session with a runtime. */
export interface Session {
  /** Resolves when it is over, with why when something went wrong. */
  readonly ended: Promise<string | undefined>;
  /** Sends what waits to be sent, and leaves. */
  readonly leave: () => void;
}

/**
 * Opens a session: the plugin answers the runtime's calls, then registers.
 *
 * @throws {CallError} what the runtime said to the registration; {@link OpenTransport} what opening failed with
 */
export async function openSession(
  open: OpenTransport,
  identity: PluginIdentity,
  handlers: SessionHandlers,
): Promise<Session> {
  let transport: Transport | undefined;
  let failure: string | undefined;
  let over: (reason: string | undefined) => void = () => undefined;
  const ended = new Promise<string | undefined>((resolve) => {
    over = resolve;
  });
  const fail = (reason: string): void => {
    failure ??= reason;
    transport?.destroy();
  };
  const sender =
    (connection: number) =>
    (message: Uint8Array): void => {
      if ((transport?.queuedBytes() ?? 0) > QUEUE_LIMIT) fail('the runtime does not read what it is sent');
      else transport?.write(framesOf(connection, message));
    };
  const client = createClient(sender(RUNTIME_CONNECTION));
  const serve = createServer(
    methodsOf(handlers, () => transport?.end()),
    sender(PLUGIN_CONNECTION),
  );
  const read = createFrameReader((connection, bytes) => {
    if (connection === PLUGIN_CONNECTION) serve(bytes);
    else if (connection === RUNTIME_CONNECTION) client.receive(bytes);
    // Connections that later versions may add are none of ours.
  });
  transport = await open({
    data: (bytes) => {
      try {
        read(bytes);
      } catch (error) {
        // Whatever it is, the session cannot go on; a new one can.
        fail(error instanceof Error ? error.message : String(error));
      }
    },
    closed: (reason) => {
      client.close('the runtime closed the connection');
      over(failure ?? reason);
    },
  });
  handlers.reached('registering');
  try {
    const request = create(RegisterPluginRequestSchema, { pluginName: identity.name, pluginIdx: identity.index });
    const payload = toBinary(RegisterPluginRequestSchema, request);
    await client.call(RUNTIME_SERVICE, 'RegisterPlugin', payload, REGISTRATION_MILLISECONDS);
  } catch (error) {
    transport.destroy();
    throw error;
  }
  const { end, destroy } = transport;
  return {
    ended,
    leave: () => {
      end();
      // A runtime that does not close its end is not waited for.
      setTimeout(destroy, LEAVING_MILLISECONDS).unref();
    },
  };
}

function methodsOf(handlers: SessionHandlers, leave: () => void): Map<string, Method> {
  const methods: Record<string, Method> = {
    Configure: async (payload) => {
      await handlers.configure(decodeMessage(ConfigureRequestSchema, payload));
      handlers.reached('configured');
      return encode(ConfigureResponseSchema, create(ConfigureResponseSchema, { events: SUBSCRIBED_EVENTS }));
    },
    Synchronize: (payload) => {
      const request = decodeMessage(SynchronizeRequestSchema, payload);
      handlers.synchronize(request);
      if (!request.more) handlers.reached('ready');
      return encode(SynchronizeResponseSchema, create(SynchronizeResponseSchema, { more: request.more }));
    },
    CreateContainer: (payload) =>
      encode(
        CreateContainerResponseSchema,
        handlers.createContainer(decodeMessage(CreateContainerRequestSchema, payload)),
      ),
    // Events that were not asked for; older runtimes send some of them all the same.
    StateChange: () => new Uint8Array(),
    Shutdown: () => {
      // After the answer, which is sent first.
      setImmediate(leave);
      return new Uint8Array();
    },
  };
  return new Map(Object.entries(methods).map(([name, method]) => [`${PLUGIN_SERVICE}/${name}`, method]));
}

function encode<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): Uint8Array {
  return toBinary(schema, message);
}
