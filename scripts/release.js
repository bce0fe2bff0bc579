// Tags a release from CHANGELOG.md: the newest section must carry the version of package.json and becomes the tag's message.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @param {readonly string[]} args */
function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

/** @param {string} reason */
function refuse(reason) {
  console.error(`release: ${reason}`);
  process.exit(1);
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const section = /^## \[(?<version>[^\]]+)\] - (?<date>\d{4}-\d{2}-\d{2})\n(?<text>[\s\S]*?)(?=^## \[|(?![\s\S]))/m.exec(
  changelog,
)?.groups;
if (!section) refuse('CHANGELOG.md has no section "## [VERSION] - YYYY-MM-DD"');
else if (section['version'] !== version) {
  refuse(`CHANGELOG.md is at ${section['version']}, package.json at ${version}: make them agree`);
} else if (!section['text']?.trim()) refuse(`CHANGELOG.md says nothing about ${version}`);
else if (git('status', '--porcelain') !== '') refuse('the tree has changes that are not committed');
else if (git('tag', '--list', `v${version}`) !== '') refuse(`the tag v${version} exists already`);
else {
  git(
    'tag',
    '--annotate',
    `v${version}`,
    '--cleanup=verbatim',
    '--message',
    `oci-hooks ${version}\n\n${section['text'].trim()}\n`,
  );
  console.log(`tagged v${version}; now: git push --follow-tags && npm publish`);
}
