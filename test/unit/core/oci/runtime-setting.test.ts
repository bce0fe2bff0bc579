import { describe, expect, it } from 'vitest';
import { runtimeSettings } from '../../../../src/core/oci/runtime-setting.ts';

describe('runtimeSettings', () => {
  it("finds crun's and systemd's annotations, and cgroup namespaces, with where they are", () => {
    const found = runtimeSettings({
      annotations: {
        'com.example.run.oci.x': '1',
        'run.oci.keep_original_groups': '1',
        'org.systemd.property.TasksMax': 'uint64 5',
        'run.oci.a/b~c': '',
      },
      linux: { namespaces: [{ type: 'pid' }, { type: 'cgroup' }, { type: 'cgroup', path: '/proc/1/ns/cgroup' }] },
    });
    expect(found).toEqual([
      {
        pointer: '/annotations/run.oci.keep_original_groups',
        name: 'run.oci.keep_original_groups',
        value: '1',
        reader: 'crun',
      },
      {
        pointer: '/annotations/org.systemd.property.TasksMax',
        name: 'org.systemd.property.TasksMax',
        value: 'uint64 5',
        reader: 'runtime',
      },
      { pointer: '/annotations/run.oci.a~1b~0c', name: 'run.oci.a/b~c', value: '', reader: 'crun' },
      { pointer: '/linux/namespaces/1', name: 'cgroup namespace', value: undefined, reader: 'runtime' },
      { pointer: '/linux/namespaces/2', name: 'cgroup namespace', value: '/proc/1/ns/cgroup', reader: 'runtime' },
    ]);
  });

  it.each([
    {},
    { annotations: null, linux: null },
    { linux: { namespaces: {} } },
    { linux: { namespaces: [null, 1] } },
  ])('finds none in %j', (config) => {
    expect(runtimeSettings(config)).toEqual([]);
  });
});
