// @ts-check
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The packages that are only used under Node: the executable has bun:ffi instead. */
const NODE_ONLY = ['koffi'];

/**
 * Gives the SBOM of the single executable as CycloneDX JSON: what `npm sbom` says of the packages compiled in, and Bun. Number and time
 * of the document come from its content and the commit, so that the same commit gives the same bytes.
 *
 * @param {string} root
 * @param {number} epoch - seconds since 1970
 * @returns {string}
 */
export function billOfMaterials(root, epoch) {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const document = JSON.parse(text);
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {Map<string, string[]>} */
  const graph = new Map(
    document.dependencies.map((/** @type {{ ref: string, dependsOn: string[] }} */ node) => [node.ref, node.dependsOn]),
  );
  const own = document.metadata.component['bom-ref'];
  const bun = `bun@${devDependencies.bun}`;
  // npm's own --omit dev also leaves out what is a dev dependency of something else besides.
  const direct = Object.entries(dependencies)
    .filter(([name]) => !NODE_ONLY.includes(name))
    .map(([name, version]) => `${name}@${version}`);
  const kept = new Set([...direct, bun]);
  for (const ref of kept) {
    // What Bun depends on are its builds for other systems.
    for (const needed of ref === bun ? [] : (graph.get(ref) ?? [])) kept.add(needed);
  }
  const components = document.components.filter((/** @type {{ 'bom-ref': string }} */ one) => kept.has(one['bom-ref']));
  if (components.length !== kept.size) throw new Error(`npm sbom does not know all of ${[...kept].join(', ')}`);
  for (const component of components) {
    component.scope = 'required';
    component.properties = [];
  }
  document.components = components;
  document.dependencies = [
    { ref: own, dependsOn: [...direct, bun] },
    ...[...kept].map((ref) => ({ ref, dependsOn: ref === bun ? [] : (graph.get(ref) ?? []) })),
  ];
  document.metadata.timestamp = new Date(epoch * 1000).toISOString();
  document.metadata.component.name = 'oci-hooks';
  document.metadata.component.type = 'application';
  document.serialNumber = `urn:uuid:${uuidOf(JSON.stringify({ ...document, serialNumber: '' }))}`;
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * A UUID of version 8 (RFC 9562): its bits are the content's.
 *
 * @param {string} content
 */
function uuidOf(content) {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
