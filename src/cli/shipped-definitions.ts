import { readFileSync } from 'node:fs';
import type { DefinitionFile } from '../core/catalog/catalog.ts';
import { isObject } from '../core/definition/keys.ts';
import { EXECUTABLE } from '../host/executable.ts';
import { listDefinitions } from '../host/hook-directories.ts';
import type { NewFile } from '../host/install-files.ts';
import type { OwnProgram } from '../host/own-program.ts';
import { BUILTIN_DIRECTORY } from './catalog-flags.ts';
import { toJson } from './output.ts';

/** Gives the shipped definitions as they are to be installed: each runs this very program. */
export function shippedDefinitions(program: OwnProgram): NewFile[] {
  return shippedTexts().map(({ path, text }) => ({
    name: path.slice(path.lastIndexOf('/') + 1),
    bytes: Buffer.from(withProgram(text, program)),
  }));
}

function shippedTexts(): readonly DefinitionFile[] {
  if (EXECUTABLE) return EXECUTABLE.definitions;
  return listDefinitions(BUILTIN_DIRECTORY).paths.map((path) => ({
    path: String(path),
    text: readFileSync(String(path), 'utf8'),
  }));
}

/** Gives a shipped definition's text with the hook's program and its first argument replaced. */
export function withProgram(text: string, { path, args }: OwnProgram): string {
  const definition: unknown = JSON.parse(text);
  if (!isObject(definition) || !isObject(definition['hook'])) throw new TypeError('a shipped definition has no hook');
  const { hook } = definition;
  const own = Array.isArray(hook['args']) ? hook['args'].slice(1) : [];
  return `${toJson({ ...definition, hook: { ...hook, path, args: [...args, ...own] } })}\n`;
}
