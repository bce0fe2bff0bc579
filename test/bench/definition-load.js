// What the benches of matching share: definitions, a container, and the reference's driver.
// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {'literal' | 'regex'} Patterns */
/** @typedef {{ count: number, patterns: Patterns, matching: number }} Load */

/**
 * Writes definitions with one pair of annotation patterns each, of which the given share matches.
 * @param {string} directory
 * @param {Load} load
 */
export function writeDefinitions(directory, { count, patterns, matching }) {
  mkdirSync(directory);
  const every = Math.round(1 / matching);
  for (let index = 0; index < count; index++) {
    const key = index % every === every - 1 ? `v${index % 5}` : `absent${index}`;
    const definition = {
      version: '1.0.0',
      hook: { path: '/bin/sh', args: ['sh', `${index}`] },
      when: { annotations: patterns === 'literal' ? literalPair(key) : regexPair(key, index) },
      stages: ['createContainer'],
    };
    writeFileSync(join(directory, `${String(index).padStart(5, '0')}.json`), JSON.stringify(definition));
  }
}

/** @param {string} key */
function literalPair(key) {
  return { [`^com\\.example\\.${key}$`]: '^true$' };
}

/**
 * The kinds of patterns that hook files in the field hold: alternatives, an optional part, any case, a class, a tail.
 * @param {string} key
 * @param {number} index
 */
function regexPair(key, index) {
  const keys = [
    `^com\\.(example|vendor)\\.${key}(\\.[a-z]+)?$`,
    `(?i)^com\\.example\\.${key}$`,
    `^[a-z]+\\.example\\.${key}$`,
    `(^|\\.)${key}$`,
    `^com\\..*\\.${key}$`,
  ];
  return { [keys[index % keys.length] ?? '']: '^(true|yes|[1-9][0-9]*)$' };
}

/**
 * A container with ten annotations: five that definitions ask for and five that they do not.
 * @param {number} container
 */
export function config(container) {
  /** @type {Record<string, string>} */
  const annotations = {};
  for (let index = 0; index < 5; index++) {
    annotations[`com.example.v${index}`] = 'true';
    annotations[`io.kubernetes.cri.note${index}`] = `container ${container}, note ${index}`;
  }
  return { ociVersion: '1.0.2', process: { args: [`/bin/program-${container}`], cwd: '/' }, annotations };
}

/** Builds the reference's driver, or ends: without it there is nothing to measure against. */
export function buildDriver() {
  const script = fileURLToPath(new URL('../../scripts/build-oracle.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`there is no peer to measure against: ${stderr.trim()}`);
    process.exit(status ?? 1);
  }
  return stdout.trim();
}
