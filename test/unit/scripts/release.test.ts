import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../scripts/release.js', import.meta.url));
let clone: string;

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: clone, encoding: 'utf8' }).trim();
}

function release(): { readonly status: number | null; readonly stderr: string } {
  const env = { ...process.env, GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.com' };
  return spawnSync(process.execPath, [SCRIPT], { cwd: clone, encoding: 'utf8', env });
}

function commit(changelog: string): void {
  writeFileSync(join(clone, 'package.json'), '{"version": "1.2.0"}');
  writeFileSync(join(clone, 'CHANGELOG.md'), changelog);
  git('add', '.');
  git('commit', '--quiet', '--message', 'project: all');
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'hooks-release-'));
  git('init', '--quiet');
});

afterEach(() => rmSync(clone, { recursive: true }));

const CHANGELOG =
  '# Changelog\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2025-01-02\n\n- Old.\n';

describe('npm run release', () => {
  it('tags the version with its section of the changelog, headings included', () => {
    commit(CHANGELOG);
    expect(release().status).toBe(0);
    expect(git('tag', '--list', '--format=%(contents)', 'v1.2.0')).toBe('oci-hooks 1.2.0\n\n### Added\n\n- A thing.');
  });

  it('refuses when the changelog is at another version', () => {
    commit(CHANGELOG.replace('1.2.0', '1.3.0'));
    expect(release()).toMatchObject({ status: 1, stderr: expect.stringContaining('1.3.0') });
  });

  it('refuses a tree with changes', () => {
    commit(CHANGELOG);
    writeFileSync(join(clone, 'new'), '');
    expect(release().status).toBe(1);
    expect(git('tag', '--list')).toBe('');
  });

  it('refuses a version that is tagged already', () => {
    commit(CHANGELOG);
    release();
    expect(release().status).toBe(1);
  });
});
