import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  rmdirSync,
  type Stats,
  statfsSync,
  writeSync,
} from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { errnoReason } from './errno-reason.ts';

/** Magic numbers of the two cgroup filesystems (linux/magic.h). */
const CGROUP_MAGIC: readonly number[] = [0x63677270, 0x0027e0eb];

/** The most that is read of one file; the longest in use, io.stat, has some hundred bytes a device. */
const READ_LIMIT = 1 << 20;

/** Where a cgroup is to be found. */
export interface CgroupPlace {
  /** Where the hierarchy is mounted, or the plain directory that stands for it. */
  readonly mountPoint: string;
  /** The cgroup, counted from there: clean, starts with `/`. */
  readonly path: string;
  /** A plain directory instead of cgroupfs: for dry runs and tests. Its files are truncated as they are written. */
  readonly isPlain?: boolean;
}

/** Which directory it is, beyond its name, and who may do what with it. */
export interface CgroupIdentity {
  readonly device: number;
  readonly inode: number;
  readonly uid: number;
  /** The bits of chmod(2), the sticky bit too. */
  readonly mode: number;
}

/**
 * A cgroup's directory, held open: what is read and written through it is this directory and no other, whatever happens
 * to its name. Its files are named by their last component alone.
 */
export class OpenCgroup {
  readonly place: CgroupPlace;
  /** The directory's full name, for messages. */
  readonly directory: string;
  readonly #descriptor: number;

  private constructor(place: CgroupPlace, descriptor: number) {
    this.place = place;
    this.directory = place.path === '/' ? place.mountPoint : place.mountPoint + place.path;
    this.#descriptor = descriptor;
  }

  /**
   * Opens a cgroup: from the mount point down, one component at a time, never through a link, and only within a cgroup
   * filesystem that the mount point is part of.
   *
   * @throws {SystemError} `CGROUP_NOT_FOUND`, `CGROUP_LINK`, `CGROUP_NOT_CGROUP`, `CGROUP_READ`
   */
  static open(place: CgroupPlace): OpenCgroup {
    let descriptor = openDirectory(place.mountPoint, place.mountPoint);
    try {
      let name = place.mountPoint;
      const { dev } = fstatSync(descriptor);
      for (const component of place.path.split('/').filter((part) => part !== '')) {
        if (component === '..' || component === '.') throw new SystemError('CGROUP_LINK', { path: place.path });
        name = `${name}/${component}`;
        const next = openDirectory(`/proc/self/fd/${descriptor}/${component}`, name);
        closeSync(descriptor);
        descriptor = next;
      }
      const isCgroup = CGROUP_MAGIC.includes(statfsSync(`/proc/self/fd/${descriptor}`).type);
      const isSameFileSystem = fstatSync(descriptor).dev === dev;
      if (!isSameFileSystem || (!isCgroup && place.isPlain !== true)) {
        throw new SystemError('CGROUP_NOT_CGROUP', { path: name });
      }
      return new OpenCgroup(place, descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Opens a cgroup as `open` does; undefined where there is none, or none any more. */
  static openIfThere(place: CgroupPlace): OpenCgroup | undefined {
    return ifThere(() => OpenCgroup.open(place));
  }

  /** The open directory, for system calls that want one; it is closed with the cgroup. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** Opens the parent's directory; undefined above the mount point. */
  openParent(): OpenCgroup | undefined {
    if (this.place.path === '/') return undefined;
    const path = this.place.path.slice(0, this.place.path.lastIndexOf('/')) || '/';
    return OpenCgroup.open({ ...this.place, path });
  }

  /** Tells which directory this is, beyond its name. */
  identity(): CgroupIdentity {
    return identityOf(fstatSync(this.#descriptor));
  }

  /** Tells which directory a name below leads to; undefined where there is none. */
  identityOfChild(name: string): CgroupIdentity | undefined {
    const stats = lstatSync(this.#pathOf(name), { throwIfNoEntry: false });
    return stats?.isDirectory() === true ? identityOf(stats) : undefined;
  }

  /**
   * Gives the names of the cgroups below, in no order.
   *
   * @param most - after so many the rest is left out
   */
  children(most: number = Number.POSITIVE_INFINITY): string[] {
    const names: string[] = [];
    const directory = opendirSync(`/proc/self/fd/${this.#descriptor}`);
    try {
      for (let entry = directory.readSync(); entry !== null && names.length < most; entry = directory.readSync()) {
        if (entry.isDirectory()) names.push(entry.name);
      }
      return names;
    } finally {
      directory.closeSync();
    }
  }

  /** Opens a file for the caller, who closes it. The error is the system call's own. */
  openFile(file: string, flags: number): number {
    return openSync(this.#pathOf(file), flags | constants.O_NOFOLLOW);
  }

  /** Gives the text of a file; undefined where there is none or it cannot be read, as for `devices.allow`. */
  read(file: string): string | undefined {
    try {
      return this.#with(file, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => {
        const buffer = Buffer.allocUnsafe(READ_LIMIT);
        let length = 0;
        for (;;) {
          const count = readSync(descriptor, buffer, length, READ_LIMIT - length, null);
          length += count;
          if (count === 0 || length === READ_LIMIT) return buffer.toString('utf8', 0, length);
        }
      });
    } catch {
      // Some files can only be written, some only by others; who needs the text sees that there is none.
      return undefined;
    }
  }

  /** Gives the words of a file; none where it cannot be read. */
  words(file: string): readonly string[] {
    return (this.read(file) ?? '').split(/\s+/).filter((word) => word !== '');
  }

  /** Writes a value in one write(2). The error is the system call's own. */
  write(file: string, value: string): void {
    const flags = constants.O_WRONLY | (this.place.isPlain === true ? constants.O_TRUNC : 0);
    this.#with(file, flags, (descriptor) => {
      writeSync(descriptor, Buffer.from(value));
    });
  }

  /** Gives the directory itself, or one of its files, to a user. The error is the system call's own. */
  chown(file: string | undefined, uid: number, gid: number): void {
    if (file === undefined) fchownSync(this.#descriptor, uid, gid);
    else this.#with(file, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => fchownSync(descriptor, uid, gid));
  }

  /** Makes a cgroup below and opens it. The error of making it is the system call's own, `EEXIST` too. */
  makeChild(name: string, mode?: number): OpenCgroup {
    mkdirSync(this.#pathOf(name), mode);
    return this.openChild(name);
  }

  /**
   * Opens a cgroup below.
   *
   * @throws {SystemError} as `open`
   */
  openChild(name: string): OpenCgroup {
    const below = this.place.path === '/' ? '' : this.place.path;
    const place = { ...this.place, path: `${below}/${name}` };
    const descriptor = openDirectory(this.#pathOf(name), place.mountPoint + place.path);
    try {
      if (fstatSync(descriptor).dev !== fstatSync(this.#descriptor).dev) {
        throw new SystemError('CGROUP_NOT_CGROUP', { path: place.mountPoint + place.path });
      }
      return new OpenCgroup(place, descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Removes a cgroup below, which must be empty. The error is the system call's own. */
  removeChild(name: string): void {
    rmdirSync(this.#pathOf(name));
  }

  /** Lets go of the directory. */
  close(): void {
    closeSync(this.#descriptor);
  }

  #with<T>(file: string, flags: number, use: (descriptor: number) => T): T {
    const descriptor = this.openFile(file, flags);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  #pathOf(name: string): string {
    // Names come from plans, which check them too; here it keeps the promise of the class.
    if (!/^[^/\0]+$/.test(name) || name === '.' || name === '..') throw new TypeError(`not a file name: ${name}`);
    return `/proc/self/fd/${this.#descriptor}/${name}`;
  }
}

function identityOf({ dev, ino, uid, mode }: Stats): CgroupIdentity {
  return { device: dev, inode: ino, uid, mode: mode & 0o7777 };
}

function openDirectory(path: string, name: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENODEV')
      throw new SystemError('CGROUP_NOT_FOUND', { path: name }, { cause: error });
    if (errno === 'ELOOP' || errno === 'ENOTDIR')
      throw new SystemError('CGROUP_LINK', { path: name }, { cause: error });
    throw new SystemError('CGROUP_READ', { path: name, reason: errnoReason(error) }, { cause: error });
  }
}

/** Gives a cgroup that may have been removed a moment ago, or undefined where it was. */
export function ifThere(open: () => OpenCgroup): OpenCgroup | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof SystemError && error.code === 'CGROUP_NOT_FOUND') return undefined;
    throw error;
  }
}
