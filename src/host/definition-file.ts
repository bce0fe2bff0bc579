import { isYamlPath, type LocatedDefinition, readDefinition } from '../core/definition/parse.ts';
import { hasErrors, inFileOrder, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { compileDefinition, createPatternCompiler, needsRegexEngine } from '../core/when/compile.ts';
import { loadRegexEngine, loadYamlReader } from './hook-directories.ts';

/**
 * Gives one definition with the places of its values, and all that is wrong with it: no value when anything is. Its
 * program is not looked for.
 */
export async function parseLocatedDefinition(
  source: { readonly path: string; readonly text: string },
  extensionStages: readonly string[] = [],
): Promise<Parsed<LocatedDefinition>> {
  const readYaml = isYamlPath(source.path) ? { readYaml: await loadYamlReader() } : {};
  const read = readDefinition(source, { extensionStages, ...readYaml });
  if (!read.value) return read;
  const { definition, locate } = read.value;
  const engine = needsRegexEngine(definition) ? await loadRegexEngine() : () => () => false;
  const compiled = compileDefinition(definition, createPatternCompiler(engine), locate);
  const diagnostics = inFileOrder([...read.diagnostics, ...compiled.diagnostics]);
  return hasErrors(diagnostics) ? { diagnostics } : { value: read.value, diagnostics };
}
