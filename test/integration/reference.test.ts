import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires } from '../requirement.ts';
import { hooks, ROOT, run } from './cli/run.ts';

const folder = join(ROOT, 'man');
const pages = readdirSync(folder);

describe('the reference', () => {
  it('is what npm run generate makes of the program and the schemas', () => {
    const { status, stderr } = run([process.execPath, join(ROOT, 'scripts/generate-reference.js'), '--check']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('names every command and every flag of the program', () => {
    const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
    const manual = readFileSync(join(folder, 'hooks.1'), 'utf8').replaceAll('\\-', '-');
    const flags = hooks(['inject', '--help']).stdout.match(/--[a-z-]+/g) ?? [];
    expect(flags.length).toBeGreaterThan(15);
    for (const flag of flags) {
      expect(page).toContain(flag);
      expect(manual).toContain(flag);
    }
  });

  it('lists the pages that npm is to install', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(manifest.man).toEqual(['man/hooks.1', 'man/hooks-definition.5', 'man/hooks-runtime.8']);
    expect(pages.toSorted()).toEqual(['hooks-definition.5', 'hooks-runtime.8', 'hooks.1']);
  });
});

requires('man', () => {
  it.each(pages)('%s is rendered by groff without a warning', (page) => {
    const { status, stdout, stderr } = run(['man', '--warnings', '--local-file', join(folder, page)], {
      env: { MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANROFFSEQ: '' },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('DESCRIPTION');
  });
});

requires('mandoc', () => {
  it.each(pages)('%s has no fault in the eyes of mandoc', (page) => {
    expect(run(['mandoc', '-T', 'lint', join(folder, page)])).toMatchObject({ status: 0, stdout: '' });
  });
});
