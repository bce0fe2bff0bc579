import { type Command, Option } from 'commander';
import { withResourceRules, withVcpus } from './cgroup-commands.ts';
import { choice, collect, examples, type Run, withOutput } from './flag.ts';

/** Adds `hooks helper`: what shipped hooks run. */
export function addHelperCommands(program: Command, run: Run): void {
  const helper = program
    .command('helper')
    .summary('what a shipped hook runs: the state on standard input')
    .description(
      'What a shipped hook runs. The state of the container is read from standard input; exit 0, or 1 and the container is not created.',
    );
  withOutput(helper.command('devices'))
    .description(
      'Give the container devices and take others away: those of the arguments, else what its annotations ask for and the policy grants.',
    )
    .option('--allow <device...>', 'paths, globs, numbers (10:229, b:7:0) or drivers (class:fuse)')
    .option('--deny <device...>', 'the same')
    .option('--access <letters>', 'r (read), w (write), m (make a node); default: allow rw, deny rwm')
    .option('--require', 'a glob that fits no device is an error')
    .option('--policy <file>', 'instead of /etc/oci-hooks/policy.yaml')
    .addOption(
      new Option('--runtime <name>', 'who starts the container, for a program that the kernel hides').choices([
        'runc',
        'crun',
      ]),
    )
    .option('--sandbox', 'the pid may be that of a sandbox or a virtual machine as a whole')
    .option('--dry-run', 'print what would be done')
    .option('--verifier-log', "quote the kernel's verifier when it refuses a program")
    .addHelpText('after', examples("runc state ID | hooks helper devices --allow '/dev/nvidia*' --access rw"))
    .action(run(async () => (await import('./commands/helper-devices.ts')).helperDevices));

  const load = () => import('./commands/helper.ts');

  withResourceRules(withHelper(helper.command('resources')))
    .description("Apply the container's linux.resources, or those of a file, in order, or not at all.")
    .option('--resources <file>', "a linux.resources object instead of the container's")
    .option('--unified <file>', 'more of linux.resources.unified')
    .addHelpText('after', examples('runc state ID | hooks helper resources --dialect crun'))
    .action(run(async () => (await load()).helperResources));

  withHelper(helper.command('unified'))
    .description("Write files of cgroup v2: those given, or the container's linux.resources.unified.")
    .option('--set <file=value>', 'a file and its value; repeatable', collect)
    .addHelpText('after', examples('runc state ID | hooks helper unified --set memory.high=100000000'))
    .action(run(async () => (await load()).helperUnified));

  withQos(withHelper(helper.command('memory-qos')))
    .description("Set memory.min, memory.low and memory.high by Kubernetes' formulas.")
    .option('--factor <number>', 'the throttling factor, 0 to 1 (Kubernetes: 0.9); without it no memory.high')
    .addOption(choice('--protection <file>', 'what a request protects', ['min', 'tiered', 'none'], 'min'))
    .option('--allocatable <bytes>', 'what the node gives to pods (default: all of its memory)')
    .addHelpText('after', examples('runc state ID | hooks helper memory-qos --request 64Mi --factor 0.9'))
    .action(run(async () => (await load()).helperMemoryQos));

  withQos(withHelper(helper.command('oom')))
    .description('Set memory.oom.group and the oom_score_adj of the first process.')
    .addOption(new Option('--group <0|1>', 'kill all of the container or nothing of it').choices(['0', '1']))
    .option('--score <score>', 'oom_score_adj, -1000 to 1000, or qos for what a kubelet sets')
    .addHelpText('after', examples('runc state ID | hooks helper oom --group 1 --score qos'))
    .action(run(async () => (await load()).helperOom));

  withHelper(helper.command('systemd-props'))
    .description('Set properties of the systemd unit that holds the container, until it ends.')
    .option('--property <name=value>', 'a property; its value as in org.systemd.property.NAME; repeatable', collect)
    .addHelpText(
      'after',
      examples(`runc state ID | hooks helper systemd-props --property "ManagedOOMMemoryPressure='kill'"`),
    )
    .action(run(async () => (await load()).helperSystemdProps));

  withHelper(helper.command('delegate'))
    .description(
      "Hand the container's cgroup over to a user, who may then set limits below it. Run it at poststop too.",
    )
    .requiredOption('--uid <n>', 'the user')
    .option('--gid <n>', 'the group (default: the number of the user)')
    .option('--controllers <names>', 'controllers to pass on, such as cpu,memory,pids')
    .option('--leaf <name>', 'a cgroup below that the processes are moved to first')
    .addHelpText(
      'after',
      examples('runc state ID | hooks helper delegate --uid 1000 --controllers memory,pids --leaf init'),
    )
    .action(run(async () => (await load()).helperDelegate));

  withWatch(withHelper(helper.command('psi')))
    .description(
      'Run a command whenever the container waits for memory, CPU or io longer than a trigger says. Run it at poststop too, where it ends the watcher.',
    )
    .requiredOption('--trigger <text>', 'some|full STALL WINDOW, in microseconds')
    .addOption(choice('--resource <name>', 'what is waited for', ['memory', 'cpu', 'io'], 'memory'))
    .option('--log <file>', 'keeps the output of the command (default: none is kept)')
    .addHelpText(
      'after',
      examples(
        "runc state ID | hooks helper psi --resource memory --trigger 'some 150000 1000000' -- /usr/local/bin/shed-load",
      ),
    )
    .action(run(async () => (await load()).helperPsi));

  addCompatDir(helper, run);
  withVcpus(withHelper(helper.command('sandbox-overhead')))
    .description(
      "Put a virtual machine's processes into the cgroups of its sandbox: all into one, or its vCPU threads apart from the overhead. Run it at createRuntime, poststart and poststop.",
    )
    .addOption(
      new Option('--cgroup-only <bool>', 'one cgroup for everything (default: an annotation, else false)').choices([
        'true',
        'false',
      ]),
    )
    .addOption(
      new Option(
        '--threads <how>',
        'on cgroup v2: whole processes, or two threaded cgroups (default: process)',
      ).choices(['process', 'threaded']),
    )
    .option(
      '--overhead-cgroup <cgroup>',
      'a directory or a slice that the overhead cgroup is made in; nothing bounds it but you',
      '/kata_overhead',
    )
    .option('--sandbox-cgroup <path>', 'instead of linux.cgroupsPath of the config.json')
    .option('--shim', 'the shim and all that it started belong to the sandbox')
    .addOption(
      choice('--devices <which>', "bound the sandbox to a monitor's devices, or not", ['kata', 'none'], 'kata'),
    )
    .option('--allow-device <device...>', 'more devices that the sandbox may open')
    .option('--cpus <list>', "the sandbox's processors, such as 0-3 (default: those of the config.json)")
    .option('--mems <list>', "the sandbox's memory nodes (default: those of the config.json)")
    .option('--stopped', 'the sandbox has stopped, for a runtime whose state does not say so')
    .addHelpText(
      'after',
      examples(
        'hooks helper sandbox-overhead --cgroup-only true --dry-run --json < state.json',
        "hooks helper sandbox-overhead --cgroup-only false --thread-name '^vcpu[0-9]+$' < state.json",
      ),
    )
    .action(run(async () => (await import('./commands/helper-sandbox-overhead.ts')).helperSandboxOverhead));

  // What psi starts; it has its trigger as descriptor 3, which nobody types.
  withWatch(helper.command('psi-watch', { hidden: true })).action(run(async () => (await load()).helperPsiWatch));

  for (const verb of helper.commands) verb.exitOverride();
}

function addCompatDir(helper: Command, run: Run): void {
  withOutput(helper.command('compat-dir'))
    .description(
      "Make the host's cgroup directory of a container that runs inside a sandbox, with its limits and without a process, as cAdvisor looks for it. It never stops a container. Run it at poststop too, where it removes what it made.",
    )
    .addOption(choice('--weight-formula <formula>', 'how cpu.shares become cpu.weight', ['log', 'linear'], 'log'))
    .addOption(choice('--reservation <file>', 'where a memory reservation goes', ['low', 'min'], 'low'))
    .option('--fill-existing', 'write limits also where somebody else made the directory and nothing is in it')
    .option('--stopped', 'the container has stopped, for a runtime whose state does not say so')
    .option('--dry-run', 'say what would be done')
    .option('--cgroup-root <dir>', 'a plain directory instead of /sys/fs/cgroup, to try it out')
    .option('--path <cgroup>', "with --cgroup-root: the cgroup in it (default: the config's cgroupsPath)")
    .addHelpText('after', examples('runsc state ID | hooks helper compat-dir --dry-run --json'))
    .action(run(async () => (await import('./commands/helper-compat-dir.ts')).helperCompatDir));
}

/** Flags of every helper. */
function withHelper(command: Command): Command {
  return withOutput(command)
    .option('--dry-run', 'say what would be done')
    .option('--best-effort', 'a refusal of the system does not stop the container')
    .option('--strict', 'a refusal of the system stops the container, also where that is not the default')
    .option('--sandbox', 'the pid may be that of a sandbox or a virtual machine as a whole')
    .option('--policy <file>', 'instead of /etc/oci-hooks/policy.yaml')
    .option('--cgroup-root <dir>', 'a plain directory instead of /sys/fs/cgroup, to try it out')
    .option('--path <cgroup>', 'with --cgroup-root: the cgroup in it');
}

/** What is run, for `psi` and its watcher. */
function withWatch(command: Command): Command {
  return command
    .argument('<command>', 'the whole path of a program')
    .argument('[args...]', 'its arguments, after --')
    .option('--command-timeout <seconds>', 'after which the command is killed', '30');
}

/** Flags that say what Kubernetes knows of a container. */
function withQos(command: Command): Command {
  return command
    .addOption(
      new Option('--qos <class>', 'default: from the cgroupsPath, else from request and limit').choices([
        'Guaranteed',
        'Burstable',
        'BestEffort',
      ]),
    )
    .option('--request <bytes>', 'the memory request, such as 64Mi')
    .option('--limit <bytes>', "the memory limit (default: the container's)");
}
