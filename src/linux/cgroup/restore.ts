/**
 * Gives what brings a file back to what it held before a write; each element is one write(2). Undefined where the
 * kernel offers no way back (files that only take, as `devices.allow`).
 *
 * @param before - the file's text before the write; undefined where it could not be read
 * @param written - the value that was written
 */
export function restoringValues(file: string, before: string | undefined, written: string): string[] | undefined {
  if (before === undefined) return undefined;
  const lines = before.split('\n').filter((line) => line.trim() !== '');
  const keyed = KEYED[file] ?? (/^blkio\.(throttle\.|.*weight_device)/.test(file) ? ' 0' : undefined);
  if (keyed !== undefined) {
    // One line a device: only that of the written device changed.
    const key = written.split(' ')[0] ?? '';
    return [lines.find((line) => line.split(' ')[0] === key) ?? `${key}${keyed}`];
  }
  if (file === 'io.weight' || file === 'io.bfq.weight') {
    const key = written.includes(' ') ? (written.split(' ')[0] ?? '') : 'default';
    const line = lines.find((each) => each.split(' ')[0] === key) ?? (key === 'default' ? lines[0] : undefined);
    return [line ?? `${key} default`];
  }
  if (file === 'memory.oom_control') return [/^oom_kill_disable (\d)/m.exec(before)?.[1] ?? '0'];
  if (file === 'net_prio.ifpriomap') {
    const key = written.split(' ')[0] ?? '';
    return lines.filter((line) => line.split(' ')[0] === key);
  }
  // An empty cpuset is written as a line end: a write of nothing never reaches the file.
  return [before.trim() === '' ? '\n' : before.trim()];
}

/** Files of one line a device, and what clears the line of a device that had none. */
const KEYED: Readonly<Record<string, string>> = {
  'io.max': ' rbps=max wbps=max riops=max wiops=max',
  'io.latency': ' target=0',
  'rdma.max': ' hca_handle=max hca_object=max',
};
