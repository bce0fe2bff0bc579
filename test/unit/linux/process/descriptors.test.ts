import { describe, expect, it } from 'vitest';
import { type Descriptor, inheritedDescriptors, watchedBy } from '../../../../src/linux/process/descriptors.ts';

const [READ, WRITE, BOTH] = [0, 1, 2];

function marked(number: number, target: string, access = READ, watched: readonly number[] = []): Descriptor {
  return { number, target, closes: true, access, watched };
}

function unmarked(number: number, target: string, access = READ): Descriptor {
  return { ...marked(number, target, access), closes: false };
}

// As seen in an executable of Bun 1.4 that was handed 7 and 9; descriptor 2 was closed.
const UNDER_BUN = [
  unmarked(0, '/dev/null'),
  unmarked(1, 'pipe:[11]', WRITE),
  marked(2, '/dev/null', BOTH),
  marked(3, 'anon_inode:[eventpoll]', BOTH, [4]),
  marked(4, 'anon_inode:[eventfd]', BOTH),
  marked(7, '/dev/null'),
  marked(9, 'socket:[12]', BOTH),
];

describe('inheritedDescriptors', () => {
  it('names the descriptors that Bun has marked, and neither its own nor the standard ones', () => {
    expect(inheritedDescriptors(UNDER_BUN, 'bun')).toEqual([7, 9]);
  });

  it("names a caller's eventfd that our own epoll instance does not watch", () => {
    const given = marked(8, 'anon_inode:[eventfd]', BOTH);
    expect(inheritedDescriptors([...UNDER_BUN, given], 'bun')).toEqual([7, 9, 8]);
  });

  it('leaves alone what is not marked: it goes on by itself', () => {
    expect(inheritedDescriptors([unmarked(5, 'pipe:[1]', WRITE)], 'bun')).toEqual([]);
  });

  it("names the standard descriptors that Node has marked, and not Node's pipes to itself", () => {
    const underNode = [
      marked(0, '/dev/null'),
      marked(1, 'pipe:[11]', WRITE),
      marked(3, 'anon_inode:[eventpoll]', BOTH),
      marked(4, 'pipe:[21]', READ),
      marked(5, 'pipe:[21]', WRITE),
      marked(6, 'anon_inode:[eventfd]', BOTH),
      marked(7, 'pipe:[31]', WRITE),
    ];
    expect(inheritedDescriptors(underNode, 'node')).toEqual([0, 1, 7]);
  });
});

describe('watchedBy', () => {
  it('reads what an epoll instance watches', () => {
    const info =
      'pos:\t0\nflags:\t02000002\nmnt_id:\t15\n' +
      'tfd:        4 events: 80000001 data: 0  pos:0 ino:2711 sdev:e\ntfd:       12 events: 19 data: 1\n';
    expect(watchedBy(info)).toEqual([4, 12]);
  });

  it('gives nothing for other descriptors', () => {
    expect(watchedBy('pos:\t0\nflags:\t02000002\neventfd-count:                0\n')).toEqual([]);
  });
});
