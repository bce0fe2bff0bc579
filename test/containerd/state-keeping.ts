import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The stages whose hooks run on the host. */
export const HOST_STAGES: readonly string[] = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];

/** Where a test keeps its files and its definitions. */
interface Place {
  readonly work: string;
  readonly define: (name: string, definition: object) => void;
}

/** Defines a hook at each stage of the host that keeps the state it is given; gives the ids that each stage has seen. */
export function defineStateKeeping(place: Place, when: object = { always: true }): () => Record<string, string[]> {
  const states = join(place.work, 'states');
  mkdirSync(states);
  for (const stage of HOST_STAGES) {
    const args = ['sh', '-c', `cat > ${states}/${stage}.$$`];
    place.define(`10-${stage}.json`, { hook: { path: '/bin/sh', args, env: ['PATH=/bin'] }, stages: [stage], when });
  }
  const seen = (stage: string): string[] =>
    readdirSync(states)
      .filter((name) => name.startsWith(`${stage}.`))
      .map((name) => JSON.parse(readFileSync(join(states, name), 'utf8')).id)
      .sort();
  return () => Object.fromEntries(HOST_STAGES.map((stage) => [stage, seen(stage)]));
}

/** What {@link defineStateKeeping} gives when each stage has seen exactly these. */
export function seenByAll(...ids: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(HOST_STAGES.map((stage) => [stage, [...ids].sort()]));
}
