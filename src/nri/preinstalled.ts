import { readBoundedFile } from '../host/file.ts';
import type { PluginIdentity } from './session.ts';

/** How a runtime starts a plugin that lies in its plugin directory: with its name, and a connected socket. */
export interface Preinstalled {
  readonly identity: PluginIdentity;
  /** The descriptor of the socket. */
  readonly descriptor: number;
}

/**
 * Tells whether a runtime started this process as a pre-installed plugin: then its environment says the name, the index
 * and the descriptor. Source: containerd/nri, pkg/api/plugin.go.
 */
export function preinstalledBy(environment: NodeJS.ProcessEnv): Preinstalled | undefined {
  const { NRI_PLUGIN_NAME: name, NRI_PLUGIN_IDX: index, NRI_PLUGIN_SOCKET: socket } = environment;
  if (!name || !index || !socket || !/^[0-9]{1,9}$/.test(socket)) return undefined;
  return { identity: { name, index }, descriptor: Number(socket) };
}

/** Where runtimes look for the configuration of plugins, unless they are told otherwise. */
const CONFIGURATION_DIRECTORY = '/etc/nri/conf.d';

/**
 * Gives where the configuration lies that a runtime hands over: the file with its text, else the names of both that are
 * looked for. Source: containerd/nri, pkg/adaptation.
 */
export function handedOverPlace(
  { index, name }: PluginIdentity,
  text: string,
  directory: string = CONFIGURATION_DIRECTORY,
): string {
  const [own, shared] = [`${directory}/${index}-${name}.conf`, `${directory}/${name}.conf`];
  const holdsIt = (path: string): boolean => {
    const content = readBoundedFile(path, Buffer.byteLength(text));
    return content.kind === 'content' && content.bytes.toString() === text;
  };
  return [own, shared].find(holdsIt) ?? `${own}, else ${name}.conf`;
}
