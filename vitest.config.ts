import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Where .ci/run wants the results as JSON besides. */
const json = process.env['HOOKS_TEST_JSON'];

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: {
      '#file-calls': fileURLToPath(new URL('./src/linux/file-calls/node.ts', import.meta.url)),
      '#inherited-socket': fileURLToPath(new URL('./src/nri/inherited-socket-node.ts', import.meta.url)),
      '#libc': fileURLToPath(new URL('./src/linux/libc/node.ts', import.meta.url)),
    },
  },
  test: {
    globalSetup: ['test/build-dist.ts', 'test/build-executable.ts'],
    setupFiles: ['test/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
    // The tests of the command line run twice: the program under Node, and the single executable.
    projects: [
      { extends: true, test: { name: 'node', include: ['test/{unit,property,cases,integration}/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'executable',
          include: ['test/integration/cli/**/*.test.ts'],
          exclude: ['test/integration/cli/loaded-packages.test.ts'],
          env: { HOOKS_TEST_PROGRAM: 'executable' },
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/generated/**'] },
  },
});

export default config;
