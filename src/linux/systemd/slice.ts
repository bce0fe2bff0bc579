/**
 * Gives the cgroup of a slice: `a-b.slice` lies in `/a.slice/a-b.slice`, `-.slice` is the root, `/`. Undefined for what
 * is no slice: another ending, a "/", an empty part (`a--b.slice`, `-a.slice`). Other characters pass, as in runc.
 * Source: systemd.slice(5); opencontainers/cgroups systemd.ExpandSlice.
 */
export function slicePath(slice: string): string | undefined {
  if (!slice.endsWith('.slice') || slice.includes('/') || slice.includes('\0')) return undefined;
  const name = slice.slice(0, -'.slice'.length);
  if (name === '-') return '/';
  const parts = name.split('-');
  // Each level repeats the whole prefix, so a long name of many parts would grow with its square: systemd's own bound
  // on a unit name (UNIT_NAME_MAX) keeps it small.
  if (slice.length > 255 || parts.includes('')) return undefined;
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}
