import { describe, expect, it } from 'vitest';
import { parseCommandLine, type RuntimeCall } from '../../../src/runtime-wrapper/command-line.ts';

interface Row {
  readonly line: string;
  readonly verb: string | undefined;
  readonly call?: Partial<RuntimeCall>;
}

/** Written without values that hold spaces, so that a line can be read as it was seen. */
function parse(line: string): RuntimeCall {
  return parseCommandLine(line.split(' ').filter((word) => word !== ''));
}

const PODMAN = '--log-format=json --log B/oci-log';
const SHIM = '--root /run/containerd/runc/k8s.io --log B/log.json --log-format json';
const DOCKER = '--root /var/run/docker/runtime-runc/moby --log B/log.json --log-format json --systemd-cgroup';

const OBSERVED: readonly Row[] = [
  {
    line: 'create --bundle B --pid-file P ID',
    verb: 'create',
    call: { bundle: 'B', id: 'ID' },
  },
  { line: 'create --bundle B --pid-file P --console-socket S ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  {
    line: `${PODMAN} create --bundle B --pid-file P ID`,
    verb: 'create',
    call: { bundle: 'B', id: 'ID', log: 'B/oci-log', logFormat: 'json' },
  },
  { line: '--debug create --bundle B --pid-file P ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  {
    line: `${SHIM} create --bundle B --pid-file B/init.pid ID`,
    verb: 'create',
    call: { bundle: 'B', id: 'ID', log: 'B/log.json', logFormat: 'json' },
  },
  {
    line: `--debug ${SHIM} --systemd-cgroup create --bundle B --pid-file B/init.pid --no-pivot --no-new-keyring ID`,
    verb: 'create',
    call: { bundle: 'B', id: 'ID' },
  },
  { line: `${DOCKER} create --bundle B --pid-file P ID`, verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: '--root R --systemd-cgroup create --bundle B --pid-file P ID', verb: 'create', call: { bundle: 'B' } },
  { line: 'start ID', verb: 'start' },
  { line: 'exec --pid-file P --process F --detach ID', verb: 'exec' },
  { line: `${SHIM} exec --process T --detach --pid-file F ID`, verb: 'exec' },
  { line: 'pause ID', verb: 'pause' },
  { line: 'resume ID', verb: 'resume' },
  { line: 'update --resources=F ID', verb: 'update' },
  { line: `${SHIM} update --resources - ID`, verb: 'update' },
  { line: 'kill ID 15', verb: 'kill' },
  { line: `${SHIM} kill --all ID 9`, verb: 'kill' },
  { line: 'delete --force ID', verb: 'delete' },
  { line: `${SHIM} ps --format json ID`, verb: 'ps' },
  { line: `${SHIM} checkpoint --image-path D --work-path D --leave-running ID`, verb: 'checkpoint' },
  { line: `${SHIM} restore --image-path D --bundle B ID`, verb: 'restore' },
  { line: '--root R state ID', verb: 'state' },
  { line: '--version', verb: undefined },
  { line: 'features', verb: 'features' },
];

const FORMS: readonly Row[] = [
  { line: 'create -b B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create -b=B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create -bB ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create -bundle B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create -bundle=B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create --bundle=B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create --bund B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create --bundle A --bundle B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create ID --bundle B', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create --bundle B -- --odd', verb: 'create', call: { bundle: 'B', id: '--odd' } },
  { line: 'create -- ID', verb: 'create', call: { id: 'ID' } },
  { line: 'create ID', verb: 'create', call: { id: 'ID' } },
  { line: 'run -db B ID', verb: 'run', call: { bundle: 'B', id: 'ID' } },
  { line: 'run -d --bundle B ID', verb: 'run', call: { bundle: 'B', id: 'ID' } },
  { line: 'run --detach --preserve-fds 3 ID', verb: 'run', call: { id: 'ID' } },
  { line: 'create -f other.json ID', verb: 'create', call: { config: 'other.json', id: 'ID' } },
  { line: 'create --config=/x/other.json ID', verb: 'create', call: { config: '/x/other.json', id: 'ID' } },
  { line: 'create --pid-file create create', verb: 'create', call: { id: 'create' } },
  { line: 'create --bundle create --pid-file run ID', verb: 'create', call: { bundle: 'create', id: 'ID' } },
  { line: 'create -c S -p P ID', verb: 'create', call: { id: 'ID' } },
  { line: 'delete create', verb: 'delete' },
  { line: 'start create', verb: 'start' },
  { line: 'exec --pid-file create ID create', verb: 'exec' },
  { line: '--root create start ID', verb: 'start' },
  { line: '--root=create start ID', verb: 'start' },
  { line: '--log run --log-format text delete ID', verb: 'delete', call: { log: 'run', logFormat: 'text' } },
  { line: '-root R create ID', verb: 'create', call: { id: 'ID' } },
  { line: '-root=R create ID', verb: 'create', call: { id: 'ID' } },
  { line: '-r create start ID', verb: 'start' },
  { line: '-s create ID', verb: 'create' },
  { line: '-sr create start ID', verb: 'start' },
  { line: '-- create ID', verb: 'create', call: { id: 'ID' } },
  { line: '--criu C --rootless true create ID', verb: 'create' },
  { line: '--cgroup-manager systemd create ID', verb: 'create' },
  { line: '--cgroup-manager=systemd --systemd-cgroup create ID', verb: 'create' },
  { line: '--debug=true --systemd-cgroup=false create ID', verb: 'create' },
  { line: '--log-level debug --systemd-log create ID', verb: 'create' },
  { line: '--platform systrap --network=host -debug -debug-log D create ID', verb: 'create' },
  { line: '--unknown create ID', verb: 'create', call: { id: 'ID' } },
  { line: '--unknown value create ID', verb: 'create', call: { id: 'ID' } },
  { line: '--unknown=value create ID', verb: 'create', call: { id: 'ID' } },
  { line: '--unknown start create', verb: 'start' },
  { line: 'create --unknown --bundle B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: 'create --unknown value --bundle B ID', verb: 'create', call: { bundle: 'B', id: 'ID' } },
  { line: '--log file:L create ID', verb: 'create', call: { log: 'L' } },
  { line: '--log journald:x create ID', verb: 'create', call: {} },
  { line: '-', verb: '-' },
  { line: '', verb: undefined },
];

describe('parseCommandLine', () => {
  it.each(OBSERVED)('reads what engines write: $line', ({ line, verb, call }) => {
    expect(parse(line)).toMatchObject({ ...call });
    expect(parse(line).verb).toBe(verb);
  });

  it.each(FORMS)('reads every form that a runtime takes: $line', ({ line, verb, call }) => {
    expect(parse(line)).toMatchObject({ ...call });
    expect(parse(line).verb).toBe(verb);
  });

  it('has the working directory as the bundle when none is given, or an empty one', () => {
    expect(parse('create ID').bundle).toBeUndefined();
    expect(parseCommandLine(['create', '--bundle', '', 'ID']).bundle).toBeUndefined();
  });

  it('knows no log file when the runtime writes to the journal', () => {
    expect(parse('--log journald:x create ID').log).toBeUndefined();
  });

  it('survives an option without its value at the end', () => {
    expect(parse('create --bundle')).toEqual({ verb: 'create', logFormat: 'text' });
    expect(parse('--root')).toEqual({ logFormat: 'text' });
  });
});
