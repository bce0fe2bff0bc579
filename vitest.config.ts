import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Where .ci/run wants the results as JSON besides. */
const json = process.env['HOOKS_TEST_JSON'];

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: { '#libc': fileURLToPath(new URL('./src/linux/libc/node.ts', import.meta.url)) },
  },
  test: {
    include: ['test/{unit,property,cases,integration}/**/*.test.ts'],
    globalSetup: ['test/build-dist.ts'],
    testTimeout: 60_000,
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/generated/**'] },
  },
});

export default config;
