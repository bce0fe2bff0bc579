import { access, linkTarget, statusAt } from '#file-calls';
import { runDirectory } from '../host/run-directory.ts';
import { FILE_TYPE, REGULAR } from '../linux/file-calls/file-calls.ts';

/** Gives the link that says which runtime made the last container under a name of the program. */
export function runtimeLink(program: string): string {
  let name = '';
  for (const letter of program) name += isPlain(letter) ? letter : '_';
  // No container's id holds an @.
  return `${runDirectory()}/@runtime/${name}`;
}

/** Letters, digits and the marks of `[A-Za-z0-9_.-]`. */
function isPlain(letter: string): boolean {
  return (
    (letter >= 'a' && letter <= 'z') ||
    (letter >= 'A' && letter <= 'Z') ||
    (letter >= '0' && letter <= '9') ||
    letter === '_' ||
    letter === '.' ||
    letter === '-'
  );
}

/** Gives the runtime that was noted under a name of the program, when it is still there and not the program itself. */
export function notedRuntime(program: string): string | undefined {
  const path = notedPath(runtimeLink(program));
  if (path === undefined || !path.startsWith('/') || access(path, 'run') !== 0) return undefined;
  const [found, own] = [statusAt(path, 'follow'), statusAt('/proc/self/exe', 'follow')];
  if (typeof found === 'number' || (found.mode & FILE_TYPE) !== REGULAR) return undefined;
  const isOurselves = typeof own !== 'number' && found.device === own.device && found.inode === own.inode;
  return isOurselves ? undefined : path;
}

/** Gives what a note says; one that somebody else laid there names a program that would run with our rights. */
export function notedPath(link: string): string | undefined {
  const status = statusAt(link, 'stay');
  if (typeof status === 'number' || status.uid !== process.geteuid?.()) return undefined;
  const target = linkTarget(link);
  return typeof target === 'string' ? target : undefined;
}
