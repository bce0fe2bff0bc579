// Measures how long the NRI plugin takes to answer CreateContainer: from the runtime's write to the whole answer, over a
// unix socket, against the reference package (Go, test/oracle) that only evaluates the same definitions for the same container.
// Usage: npm run build:exe && node test/bench/nri.js [--node]      (prints a table; needs what scripts/build-oracle.js needs)
// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { buildDriver, config, writeDefinitions } from './definition-load.js';

/** @typedef {import('./definition-load.js').Load} Load */

const dist = new URL('../../dist/', import.meta.url);
/** @type {typeof import('../../src/generated/nri-messages.ts')} */
const messages = await import(new URL('generated/nri-messages.js', dist).href);
/** @type {typeof import('../../src/nri/mux.ts')} */
const mux = await import(new URL('nri/mux.js', dist).href);
/** @type {typeof import('../../src/nri/ttrpc-client.ts')} */
const ttrpcClient = await import(new URL('nri/ttrpc-client.js', dist).href);
/** @type {typeof import('../../src/nri/ttrpc-server.ts')} */
const ttrpcServer = await import(new URL('nri/ttrpc-server.js', dist).href);

const LOADS = /** @type {const} */ ([
  { count: 10, patterns: 'literal', matching: 0.1 },
  { count: 1_000, patterns: 'literal', matching: 0.01 },
  { count: 10_000, patterns: 'literal', matching: 0.01 },
  { count: 10, patterns: 'regex', matching: 0.1 },
  { count: 1_000, patterns: 'regex', matching: 0.01 },
]);
const WARM_UP = 2_000;
const REQUESTS = 10_000;
const REFERENCE_SECONDS = '1s';

const program = process.argv.includes('--node')
  ? [process.execPath, fileURLToPath(new URL('cli/main.js', dist))]
  : [fileURLToPath(new URL('exe/hooks', dist))];
const driver = buildDriver();
const base = mkdtempSync(join(tmpdir(), 'hooks-bench-'));
try {
  console.log(
    'definitions  patterns   hooks  reference us   p50 us   p99 us  max us  reference/p99   RSS MB before, after %d',
    REQUESTS,
  );
  for (const load of LOADS) console.log(await row(load));
} finally {
  rmSync(base, { recursive: true, force: true });
}

/** @param {Load} load */
async function row(load) {
  const directory = join(base, `${load.patterns}-${load.count}`);
  writeDefinitions(directory, load);
  const configPath = join(base, 'config.json');
  writeFileSync(configPath, JSON.stringify(config(0)));
  const reference = measureReference(directory, configPath);
  const own = await measurePlugin(directory);
  if (own.injected !== reference.injected) {
    throw new Error(`the reference injects ${reference.injected} hooks, the plugin ${own.injected}`);
  }
  const times = own.microseconds.toSorted((one, other) => one - other);
  const at = (/** @type {number} */ part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return [
    String(load.count).padStart(11),
    load.patterns.padStart(9),
    String(own.injected).padStart(7),
    reference.us.toFixed(0).padStart(13),
    at(0.5).toFixed(0).padStart(8),
    at(0.99).toFixed(0).padStart(8),
    at(1).toFixed(0).padStart(7),
    (reference.us / at(0.99)).toFixed(1).padStart(14),
    `${own.before} ${own.after}`.padStart(26),
  ].join(' ');
}

/**
 * @param {string} directory
 * @param {string} configPath
 */
function measureReference(directory, configPath) {
  const args = ['bench', '--for', REFERENCE_SECONDS, '--hooks-dir', directory, configPath];
  const { status, stdout, stderr } = spawnSync(driver, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { nsPerEvaluation, injected } = JSON.parse(stdout);
  return { us: nsPerEvaluation / 1e3, injected };
}

/** @param {string} directory */
async function measurePlugin(directory) {
  const socketPath = join(base, 'nri.sock');
  const accepted = accept(socketPath);
  const [command = '', ...before] = program;
  writeFileSync(join(base, 'nri.yaml'), '');
  const flags = ['nri', '--config', join(base, 'nri.yaml'), '--socket-path', socketPath, '--hooks-dir', directory];
  const plugin = spawn(command, [...before, ...flags, '--status', join(base, 's.sock')], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  try {
    const { ask, close } = await accepted;
    const requests = Array.from({ length: 64 }, (_, index) => request(index));
    let injected = 0;
    for (let turn = 0; turn < WARM_UP; turn++) injected = (await ask(requests[turn % 64] ?? request(0))).length;
    const rssBefore = memoryOf(plugin.pid ?? 0);
    /** @type {number[]} */
    const microseconds = [];
    for (let turn = 0; turn < REQUESTS; turn++) {
      const body = requests[turn % 64] ?? request(0);
      const start = process.hrtime.bigint();
      await ask(body);
      microseconds.push(Number(process.hrtime.bigint() - start) / 1e3);
    }
    const rssAfter = memoryOf(plugin.pid ?? 0);
    close();
    return { microseconds, injected, before: rssBefore, after: rssAfter };
  } finally {
    plugin.kill('SIGKILL');
    await new Promise((resolve) => plugin.once('exit', resolve));
    rmSync(join(base, 's.sock'), { force: true });
  }
}

/**
 * Plays the runtime: registration, Configure, Synchronize; then gives a function that asks for the hooks of a container.
 *
 * @param {string} socketPath
 * @returns {Promise<{ ask: (payload: Uint8Array) => Promise<readonly unknown[]>, close: () => void }>}
 */
function accept(socketPath) {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      const send = (/** @type {number} */ connection) => (/** @type {Uint8Array} */ message) => {
        socket.write(mux.framesOf(connection, message));
      };
      const client = ttrpcClient.createClient(send(mux.PLUGIN_CONNECTION));
      const call = (/** @type {string} */ method, /** @type {Uint8Array} */ payload) =>
        client.call('nri.pkg.api.v1alpha1.Plugin', method, payload, 10_000);
      const begin = async () => {
        await call('Configure', new Uint8Array());
        await call('Synchronize', new Uint8Array());
        resolve({
          ask: async (payload) => {
            const answer = fromBinary(messages.CreateContainerResponseSchema, await call('CreateContainer', payload));
            return answer.adjust?.hooks?.createContainer ?? [];
          },
          close: () => {
            socket.destroy();
            server.close();
          },
        });
      };
      const register = () => {
        setImmediate(begin);
        return new Uint8Array();
      };
      const serve = ttrpcServer.createServer(
        new Map([['nri.pkg.api.v1alpha1.Runtime/RegisterPlugin', register]]),
        send(mux.RUNTIME_CONNECTION),
      );
      socket.on('error', () => undefined);
      socket.on(
        'data',
        mux.createFrameReader((connection, bytes) => {
          if (connection === mux.PLUGIN_CONNECTION) client.receive(bytes);
          else serve(bytes);
        }),
      );
    });
    server.listen(socketPath);
  });
}

/**
 * What a runtime asks: the same container as the reference gets, with what a pod brings besides.
 *
 * @param {number} index
 */
function request(index) {
  const { process: started, annotations } = config(index);
  const entries = Object.entries(annotations).map(([key, value]) => ({ key, value }));
  const labels = Array.from({ length: 8 }, (_, label) => ({ key: `example.org/label-${label}`, value: `${index}` }));
  const mounts = Array.from({ length: 10 }, (_, mount) => ({
    destination: `/mnt/${mount}`,
    options: ['rprivate', 'ro'],
  }));
  const message = create(messages.CreateContainerRequestSchema, {
    pod: { id: `p${index}`, name: `web-${index}`, namespace: 'default', labels, annotations: entries.slice(0, 5) },
    container: { id: `c${index}`, name: 'web', args: started.args, annotations: entries, mounts },
  });
  return toBinary(messages.CreateContainerRequestSchema, message);
}

/** @param {number} pid */
function memoryOf(pid) {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
