/** Gives the directory that a path lies in: that of a name alone is `.`, that of `/` is `/`. */
export function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 ? path.slice(0, end) : end === 0 ? '/' : '.';
}

/** Gives the path of a name in a directory. */
export function childOf(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** Gives a path that does not count from the working directory; nothing in it is resolved. */
export function absolutePath(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`;
}
