import { linkTarget } from '#file-calls';
import { EINVAL } from './errno.ts';
import { absolutePath, childOf, parentOf } from './path.ts';

/** A path with its links followed, and each link on the way by its real path. */
export interface FollowedPath {
  readonly path: string;
  readonly links: readonly string[];
}

// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS = 40;

/** Follows a path as the kernel does; undefined when it is gone, or a loop of links. */
export function followLinks(path: string): FollowedPath | undefined {
  const links: string[] = [];
  const ahead = absolutePath(path).split('/').reverse();
  let current = '/';
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current = parentOf(current);
      continue;
    }
    const next = childOf(current, part);
    const target = linkTarget(next);
    if (target === -EINVAL) {
      current = next;
      continue;
    }
    if (typeof target === 'number' || links.length === MOST_LINKS) return undefined;
    links.push(next);
    if (target.startsWith('/')) current = '/';
    ahead.push(...target.split('/').reverse());
  }
  return { path: current, links };
}

/** Tells whether two paths lead to one file, which need not be there yet. */
export function isSameFile(one: string, other: string): boolean {
  return whereItLies(one) === whereItLies(other);
}

function whereItLies(path: string): string {
  const directory = followLinks(parentOf(path))?.path;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return followLinks(path)?.path ?? (directory === undefined ? absolutePath(path) : childOf(directory, name));
}
