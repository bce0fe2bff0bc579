// The least that a program in Bun can do with hook definitions: it opens, looks at, reads and parses each, and keeps its
// annotation keys. It checks nothing, follows no rule and tells nobody anything. start.js compiles it, and runs it as
// `PROGRAM inject --hooks-dir DIR CONFIG`; without arguments it ends at once, and shows what Bun alone takes.
// @ts-check
import { closeFile, namesIn, openFile, readInto, statusOf, writeFrom } from '#file-calls';

const [directory, config] = process.argv.slice(4);
if (directory !== undefined && config !== undefined) {
  const bytes = Buffer.allocUnsafeSlow(64 * 1024);
  const read = (/** @type {string} */ path) => {
    const descriptor = openFile(path, 'stay');
    statusOf(descriptor);
    const text = bytes.toString('utf8', 0, readInto(descriptor, bytes, 0));
    closeFile(descriptor);
    return JSON.parse(text);
  };
  const wanted = new Set();
  const names = namesIn(directory);
  if (typeof names === 'number') throw new Error(`${directory}: errno ${-names}`);
  for (const name of names.sort()) {
    for (const key of Object.keys(read(`${directory}/${name}`).when.annotations)) wanted.add(key);
  }
  const found = Object.keys(read(config).annotations).filter((key) => wanted.has(`^${key.replaceAll('.', '\\.')}$`));
  writeFrom(1, Buffer.from(`${found.length}\n`), 0);
}
process.exit(0);
