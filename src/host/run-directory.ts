/**
 * Gives the directory for what must not outlive the machine's run: root's own, or the user's under $XDG_RUNTIME_DIR.
 * Whoever makes it gives it mode 0700.
 */
export function runDirectory(): string {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return '/run/oci-hooks';
  const own = process.env['XDG_RUNTIME_DIR'];
  return `${own?.startsWith('/') ? own : `/run/user/${user}`}/oci-hooks`;
}
