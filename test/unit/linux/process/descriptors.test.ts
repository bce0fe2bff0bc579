import { describe, expect, it } from 'vitest';
import { type Descriptor, inheritedDescriptors } from '../../../../src/linux/process/descriptors.ts';

const CLOEXEC = '02000000';

function descriptor(number: number, target: string, flags: string, more = ''): Descriptor {
  return { number, target, info: `pos:\t0\nflags:\t${flags}\nmnt_id:\t15\n${more}` };
}

// As seen in an executable of Bun 1.4 that was handed 7 and 9.
const UNDER_BUN = [
  descriptor(0, '/dev/null', '0100000'),
  descriptor(1, 'pipe:[11]', '01'),
  descriptor(2, '/dev/null', '02100002'),
  descriptor(3, 'anon_inode:[eventpoll]', '02000002', 'tfd:        4 events: 80000001 data: 0\n'),
  descriptor(4, 'anon_inode:[eventfd]', '02004002', 'eventfd-count: 0\n'),
  descriptor(7, '/dev/null', '02100000'),
  descriptor(9, 'socket:[12]', '02000002'),
];

describe('inheritedDescriptors', () => {
  it('names the descriptors that Bun has marked, and neither its own nor the standard ones', () => {
    expect(inheritedDescriptors(UNDER_BUN, 'bun')).toEqual([7, 9]);
  });

  it("names a caller's eventfd that our own epoll instance does not watch", () => {
    const given = descriptor(8, 'anon_inode:[eventfd]', '02000002');
    expect(inheritedDescriptors([...UNDER_BUN, given], 'bun')).toEqual([7, 9, 8]);
  });

  it('leaves alone what is not marked: it goes on by itself', () => {
    expect(inheritedDescriptors([descriptor(3, 'pipe:[1]', '01')], 'bun')).toEqual([]);
  });

  it("names the standard descriptors that Node has marked, and not Node's pipes to itself", () => {
    const underNode = [
      descriptor(0, '/dev/null', '02100000'),
      descriptor(1, 'pipe:[11]', '02000001'),
      descriptor(3, 'anon_inode:[eventpoll]', '02000002'),
      descriptor(4, 'pipe:[21]', CLOEXEC),
      descriptor(5, 'pipe:[21]', '02000001'),
      descriptor(6, 'anon_inode:[eventfd]', '02004002'),
      descriptor(7, 'pipe:[31]', '02000001'),
    ];
    expect(inheritedDescriptors(underNode, 'node')).toEqual([0, 1, 7]);
  });
});
