import { type Command, Option } from 'commander';
import { choice, collect, examples, type Run, withOutput } from './flag.ts';

/** Adds `hooks cgroup`: path, plan, apply, tree, place and overhead. */
export function addCgroupCommands(program: Command, run: Run): void {
  const cgroup = program
    .command('cgroup')
    .summary('cgroup set-up: where a container goes, what its limits come to')
    .description('Find the cgroup of a container, plan what linux.resources come to, and apply it.');

  withOutput(cgroup.command('path'))
    .description('Say which cgroup a runtime makes for a container, or which one a running process is in.')
    .option('--cgroups-path <path>', 'linux.cgroupsPath of the config.json; may be empty')
    .option('--id <id>', "the container's id")
    .option('--pid <n>', 'a running process instead')
    .addOption(
      new Option('--driver <driver>', 'default: systemd for slice:prefix:name, else cgroupfs').choices([
        'cgroupfs',
        'systemd',
      ]),
    )
    .addOption(choice('--runtime <name>', 'whose conventions', ['runc', 'crun', 'kata'], 'runc'))
    .option('--rootless', "below the systemd of a user's own")
    .option('--uid <n>', 'that user (default: the caller)')
    .addOption(choice('--cgroup <version>', 'the version of the controllers', ['1', '2'], '2'))
    .option('--own-cgroup <path>', "the runtime's own cgroup, from which runc counts relative paths (default: /)")
    .option('--subgroup <name>', "crun's annotation run.oci.systemd.subgroup")
    .addHelpText(
      'after',
      examples(
        'hooks cgroup path --cgroups-path kubepods.slice:cri-containerd:abc --id abc',
        'hooks cgroup path --pid 4711 --json',
      ),
    )
    .action(run(async () => (await import('./commands/cgroup-path.ts')).cgroupPath));

  withResources(cgroup.command('plan'))
    .description('Say which values linux.resources become, in order, and what has no effect. Exit 1 on any error.')
    .addOption(choice('--cgroup <version>', 'the version of the controllers', ['1', '2'], '2'))
    .addHelpText('after', examples('hooks cgroup plan --resources resources.json --systemd 252 --json'))
    .action(run(async () => (await import('./commands/cgroup-plan.ts')).cgroupPlan));

  withResources(cgroup.command('apply'))
    .description('Apply linux.resources to a cgroup: first the systemd unit, then the files; all of it, or none.')
    .option('--pid <n>', 'the cgroup that holds this process')
    .option('--path <cgroup>', 'a cgroup, counted from the root of the hierarchy')
    .option('--cgroup-root <dir>', 'a plain directory instead of /sys/fs/cgroup, to try it out')
    .option('--dry-run', 'print what would be done')
    .addHelpText('after', examples('hooks cgroup apply --resources resources.json --pid 4711 --dry-run'))
    .action(run(async () => (await import('./commands/cgroup-apply.ts')).cgroupApply));

  withOutput(cgroup.command('tree'))
    .description('Show a cgroup and what is below it: directories, processes, threads where they part, and limits.')
    .argument('<path>', 'a cgroup, counted from the root of the hierarchy')
    .option('--depth <n>', 'levels below it', '16')
    .option('--entries <n>', 'directories, processes and threads, at most', '1000')
    .option('--cgroup-root <dir>', 'a plain directory instead of /sys/fs/cgroup, to try it out')
    .addHelpText('after', examples('hooks cgroup tree /kubepods.slice', 'hooks cgroup tree /kubepods --depth 2 --json'))
    .action(run(async () => (await import('./commands/cgroup-tree.ts')).cgroupTree));
  addSandboxCommands(cgroup, run);
}

/** Adds what is there for sandboxes: place and overhead. */
function addSandboxCommands(cgroup: Command, run: Run): void {
  withVcpus(withOutput(cgroup.command('place')))
    .description(
      'Put the threads of a sandbox where `hooks helper sandbox-overhead` has its cgroups: those that have come since, or as they come.',
    )
    .argument('<id>', "the sandbox's id")
    .option('--pid <n>', "the monitor's pid, where two sandboxes have this id")
    .option('--watch', 'go on until the monitor ends, or the time is up, or SIGTERM')
    .option('--for <seconds>', 'with --watch: how long', '600')
    .option('--interval <ms>', 'with --watch: how often to look', '200')
    .option('--dry-run', 'print what would be moved')
    .addHelpText('after', examples('hooks cgroup place 4f1c --watch --for 60', 'hooks cgroup place 4f1c --tid 4711'))
    .action(run(async () => (await import('./commands/cgroup-place.ts')).cgroupPlace));

  withOutput(cgroup.command('overhead'))
    .description(
      "Say whether a virtual machine fits into its pod's limits with one cgroup (--cgroup-only true) or with two, with the arithmetic. Exit 1 when it does not.",
    )
    .argument('<config...>', "the config.json of each of the pod's containers, or - for standard input")
    .requiredOption('--pod-overhead <file>', 'a RuntimeClass, a pod, or cpu and memory, as YAML or JSON')
    .addOption(new Option('--cgroup-only <bool>', 'ask about one setting').choices(['true', 'false']))
    .option(
      '--guest-memory <size>',
      "the guest's memory without its containers (default: Kata's annotation, or 2048Mi)",
    )
    .option('--guest-cpus <n>', "the guest's processors without its containers (default: Kata's annotation, or 1)")
    .option('--monitor-memory <size>', "the monitor's own memory", '0')
    .option('--helpers-memory <size>', 'memory of virtiofsd, the shim and others', '0')
    .addOption(choice('--cgroup <version>', 'the version of the controllers', ['1', '2'], '2'))
    .addHelpText(
      'after',
      examples('hooks cgroup overhead config.json --pod-overhead runtime-class.yaml --guest-memory 256Mi --json'),
    )
    .action(run(async () => (await import('./commands/cgroup-overhead.ts')).cgroupOverhead));
}

/** Flags that say which threads of a monitor run the guest's processors. */
export function withVcpus(command: Command): Command {
  return command
    .option(
      '--thread-name <pattern>',
      'an RE2 pattern for vCPU threads; repeatable (default: those of QEMU, StratoVirt, Cloud Hypervisor and Firecracker)',
      collect,
    )
    .option('--tid <n>', 'a vCPU thread by its number; repeatable', collect);
}

/** Flags that decide how linux.resources are read, and the files. */
function withResources(command: Command): Command {
  return withResourceRules(withOutput(command))
    .option('--resources <file>', 'a linux.resources object, or - for standard input')
    .option('--unified <file>', 'more of linux.resources.unified: an object of file names and values')
    .option('--systemd <version>', 'the systemd that owns the unit: its properties are planned too');
}

/** Flags that decide how linux.resources are read. */
export function withResourceRules(command: Command): Command {
  return command
    .option('--bfq', 'the cgroup has the weight files of the bfq scheduler')
    .addOption(choice('--weight-formula <formula>', 'how cpu.shares become cpu.weight', ['log', 'linear'], 'log'))
    .addOption(choice('--dialect <runtime>', 'the runtime whose reading is followed', ['runc', 'crun'], 'runc'))
    .addOption(choice('--swappiness0 <what>', 'swappiness 0 on cgroup v2', ['ignore', 'swap-max'], 'ignore'))
    .addOption(
      choice('--oom-killer-disabled <what>', 'disableOOMKiller on cgroup v2', ['ignore', 'oom-score-adj'], 'ignore'),
    )
    .addOption(choice('--reservation <file>', 'where a memory reservation goes', ['low', 'min'], 'low'));
}
