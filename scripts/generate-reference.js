// Generates man/hooks.1, man/hooks-definition.5, man/hooks-runtime.8, docs/cli.md and the README's table of commands from the program's own definition
// (dist/cli/program.js) and from schemas/. With --check nothing is written: exit 1 names the files that are stale.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandTree } from '../dist/cli/command-tree.js';
import { createProgram } from '../dist/cli/program.js';
import { definitionPage, programPage, runtimePage } from './reference/man-page.js';
import { commandTable, referencePage } from './reference/markdown.js';

/** @typedef {import('./reference/schema-text.js').Schema} Schema */

const root = fileURLToPath(new URL('..', import.meta.url));
const program = commandTree(createProgram());
// `help` is commander's own and says the same as --help.
const tree = { ...program, commands: program.commands.filter(({ name }) => name !== 'help') };

/** @param {string} path */
const read = (path) => readFileSync(root + path, 'utf8');

/**
 * @param {string} name
 * @returns {Schema}
 */
const schema = (name) => JSON.parse(read(`schemas/${name}.json`));

const [, version = '', date = ''] = /^## \[([^\]]+)\] - (\S+)$/m.exec(read('CHANGELOG.md')) ?? [];
const edition = { version, date };
const outputs = readdirSync(`${root}schemas`)
  .map((name) => name.replace(/\.json$/, ''))
  .filter((name) => schema(name).properties?.['schemaVersion'])
  .map((name) => ({ name, schema: schema(name) }));

const MARKED = /(?<=<!-- commands, made by npm run generate -->\n)[\s\S]*(?=<!-- end of commands -->)/;

/** @type {readonly (readonly [path: string, text: string])[]} */
const files = [
  ['man/hooks.1', programPage(tree, edition)],
  ['man/hooks-definition.5', definitionPage(schema('hook-1.0.0'), schema('hook-0.1.0'), edition)],
  ['man/hooks-runtime.8', runtimePage(schema('runtime'), edition)],
  ['docs/cli.md', referencePage(tree, outputs)],
  ['README.md', read('README.md').replace(MARKED, `\n${commandTable(tree)}\n`)],
];

if (process.argv.includes('--check')) {
  const stale = files.filter(([path, text]) => read(path) !== text).map(([path]) => path);
  if (stale.length > 0) {
    console.error(`stale, run npm run generate: ${stale.join(', ')}`);
    process.exit(1);
  }
} else {
  for (const [path, text] of files) writeFileSync(root + path, text);
}
