import { ROOTS_FILE, type RunPlace, runDirectoryAt, UID_MAP } from '../host/run-place.ts';
import { bareStatus, isExecutable, readBareLink, readBareText } from '../linux/libc/bare-file.ts';

/** As `runDirectory` asks it, without node:fs. */
const HERE: RunPlace = {
  machineRoot: () => bareStatus(ROOTS_FILE)?.owner ?? 0,
  uidMap: () => readBareText(UID_MAP),
};

/** Gives the link that says which runtime made the last container under a name of the program. */
export function runtimeLink(program: string): string {
  let name = '';
  for (const letter of program) name += isPlain(letter) ? letter : '_';
  // No container's id holds an @.
  return `${runDirectoryAt(HERE)}/@runtime/${name}`;
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
  if (path === undefined || !path.startsWith('/') || !isExecutable(path)) return undefined;
  const found = bareStatus(path);
  return found?.isFile && found.identity !== bareStatus('/proc/self/exe')?.identity ? path : undefined;
}

/** Gives what a note says; one that somebody else laid there names a program that would run with our rights. */
export function notedPath(link: string): string | undefined {
  return bareStatus(link, true)?.owner === process.geteuid?.() ? readBareLink(link) : undefined;
}
