import type { HookDefinition } from '../definition/hook-definition.ts';
import { type DefinitionSource, readDefinition } from '../definition/parse.ts';
import { readYaml } from '../definition/yaml.ts';
import { inFileOrder, type Parsed } from '../diagnostic/diagnostic.ts';
import { compileDefinition, createPatternCompiler } from '../when/compile.ts';
import { re2Engine } from '../when/re2.ts';
import { buildCatalog, type Catalog, type CatalogOptions, type DefinitionFile, readFiles } from './catalog.ts';

/**
 * Reads one definition from its text, JSON or YAML by the ending of its path, formats 1.0.0 and 0.1.0. Nothing is looked
 * up on the machine. `value` is absent when there is an error.
 */
export function parseDefinition(
  source: DefinitionSource,
  options: { readonly extensionStages?: readonly string[] } = {},
): Parsed<HookDefinition> {
  const read = readDefinition(source, { ...options, readYaml });
  if (!read.value) return { diagnostics: read.diagnostics };
  const { definition, locate, isValid } = read.value;
  const compiled = compileDefinition(definition, createPatternCompiler(re2Engine), locate);
  return {
    ...(isValid && compiled.value && { value: definition }),
    diagnostics: inFileOrder([...read.diagnostics, ...compiled.diagnostics]),
  };
}

/**
 * Makes a catalog from the texts of definition files, least preferred first: the pure twin of `loadCatalog`. Without
 * `findHookProgram` every hook's program is taken to exist.
 */
export function createCatalog(files: readonly DefinitionFile[], options: CatalogOptions = {}): Catalog {
  const full = { ...options, readYaml };
  return buildCatalog(readFiles(files, full), re2Engine, full);
}
