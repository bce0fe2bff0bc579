import { describe, expect, it } from 'vitest';
import { config, definition, directoryWith, hooks, json } from './run.ts';
import { findings } from './schema.ts';

const OF_THE_RUNTIME = {
  annotations: { 'run.oci.keep_original_groups': '1', 'com.example': 'x' },
  linux: { namespaces: [{ type: 'mount' }, { type: 'cgroup' }] },
};
const explain = (more: object, ...flags: readonly string[]) => {
  const cwd = directoryWith({ 'config.json': config(more), 'd/10.json': definition() });
  return hooks(['explain', '--hooks-dir', 'd', ...flags, 'config.json'], { cwd });
};

describe('explain says what belongs to the runtime', () => {
  it('in a line for each setting, on standard error', () => {
    const { status, stderr } = explain(OF_THE_RUNTIME);
    expect(status).toBe(0);
    const notes = stderr.split('\n').filter((line) => line.startsWith('note: '));
    expect(notes.map((line) => line.split(' belongs to ')[0])).toEqual([
      'note: run.oci.keep_original_groups "1"',
      'note: a cgroup namespace',
    ]);
    expect(explain(OF_THE_RUNTIME, '--quiet').stderr).toBe('');
  });

  it('as a member beside the others with --json, empty where there is nothing', () => {
    const run = explain(OF_THE_RUNTIME, '--json');
    expect(findings('explain', run)).toEqual([]);
    expect(json(run)).toMatchObject({
      notes: [
        { pointer: '/annotations/run.oci.keep_original_groups', value: '1', reader: 'crun' },
        { pointer: '/linux/namespaces/1', name: 'cgroup namespace', reader: 'runtime' },
      ],
    });
    expect(json(explain({}, '--json'))).toMatchObject({ notes: [] });
  });

  it('with nothing in it that a terminal would obey', () => {
    const { stderr } = explain({ annotations: { 'run.oci.\u001b[31m': '\u001b[0m\n' } });
    expect(stderr).toContain('note: run.oci.\\u001b[31m ');
    expect(stderr).not.toContain('\u001b');
  });
});
