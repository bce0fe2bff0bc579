/**
 * Gives the bytes of AllowedCPUs and AllowedMemoryNodes for a list such as "0-3,8": bit N of the little-endian bytes is
 * number N. Undefined for a list without numbers, one that runs backwards, or a number that no kernel has (NR_CPUS is
 * at most 8192; a hostile "0-4294967295" would be half a gigabyte).
 */
export function numberMask(list: string): readonly number[] | undefined {
  const bytes: number[] = [];
  for (const part of list.split(',')) {
    const text = part.trim();
    if (text === '') continue;
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || last < first || last >= 8192) return undefined;
    for (let number = first; number <= last; number++) {
      while (bytes.length <= number >> 3) bytes.push(0);
      bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
    }
  }
  return bytes.length === 0 ? undefined : bytes;
}
