import { Argument, Command, Option } from 'commander';
import { EXECUTABLE } from '../host/executable.ts';
import { BUILD } from './build.ts';
import { addCgroupCommands } from './cgroup-commands.ts';
import type { ExitStatus } from './exit-status.ts';
import { type Action, choice, collect, examples, extensionStage, type Run, withOutput } from './flag.ts';
import { addHelperCommands } from './helper-commands.ts';
import { addInstallCommands } from './install-commands.ts';
import { addNriCommands } from './nri-commands.ts';
import { writeNote, writeResult } from './output.ts';

/** Told the exit status of the command that ran. */
export type OnEnd = (status: ExitStatus) => void;

/**
 * Gives the command line: names, flags and help of every command. What a command does is loaded when it is called.
 * The shell completions and the man page are made from this too.
 */
export function createProgram(onEnd: OnEnd = () => undefined): Command {
  /** Binds a command to the function that does it, in a module of its own. */
  const run =
    (load: () => Promise<Action>) =>
    async (...args: unknown[]): Promise<void> => {
      const action = await load();
      // commander passes the arguments and options that the command declares, and itself last.
      onEnd(await action(...(args.slice(0, -1) as never[])));
    };
  const program = new Command('hooks')
    .summary('decides which OCI hooks a container gets, and injects them')
    .description('Decide which OCI hooks a container gets, and inject them into its config.json.')
    .version(versionText(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: writeResult,
      // An argument that is not understood is shown in the message.
      writeErr: (text) => writeNote(text.trimEnd()),
    })
    .configureHelp({ sortSubcommands: false })
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 the answer is no or the input has errors, 2 wrong usage, 3 the system refused.',
    );

  withCatalog(program.command('inject'))
    .summary('inject the hooks that match into a config.json')
    .description('Inject the hooks that match into a config.json. The edited config goes to standard output.')
    .argument('<config>', 'a config.json, or - for standard input')
    .option('--in-place', 'replace the file itself, whole or not at all')
    .option('-o, --output <file>', 'write the edited config to this file, whole or not at all; - for standard output')
    .option('--dry-run', 'show what would change, as a unified diff')
    .option('--report <file>', 'write what was injected and why to this file, as JSON')
    .addOption(choice('--prestart <stage>', 'where prestart hooks go', ['prestart', 'createRuntime'], 'prestart'))
    .addOption(choice('--duplicates <what>', 'entries that a stage has already', ['skip', 'keep'], 'skip'))
    .option('--run-precreate', 'run the precreate hooks that match as config filters, as Podman does')
    .option('--runtime <path>', "warn of stages that this runtime's `features` do not list")
    .addHelpText(
      'after',
      examples(
        'hooks inject config.json > new.json',
        'hooks inject --in-place bundle/config.json',
        'hooks inject --dry-run --hooks-dir ./hooks.d config.json',
      ),
    )
    .action(run(async () => (await import('./commands/inject.ts')).inject));

  withCatalog(program.command('explain'))
    .summary('say of every definition why it matches or not')
    .description(
      'Say of every definition whether it matches a config.json, which condition decided, and on which value.',
    )
    .argument('<config>', 'a config.json, or - for standard input')
    .option(
      '--hook <name>',
      'only this definition: exit 0 when it matches, 1 when not, 2 when there is none of this name',
    )
    .addHelpText('after', examples('hooks explain config.json', 'hooks explain --hook 10-gpu.json config.json'))
    .action(run(async () => (await import('./commands/explain.ts')).explain));

  withOutput(program.command('validate'))
    .summary('check definition files and directories')
    .description(
      'Check hook definitions, and settings files, which are known by their names nri.yaml, runtime.yaml and policy.yaml. ' +
        'Say everything that is wrong with them. Exit 1 on any error.',
    )
    .argument('<path...>', 'definition files, directories of them, or settings files')
    .addOption(
      new Option('--as <kind>', 'what the files are, whatever their names').choices([
        'definition',
        'nri',
        'runtime',
        'policy',
      ]),
    )
    .addOption(extensionStage())
    .option('--strict-permissions', 'refuse files that others than their owner could change')
    .option('--runtime <path>', "warn of stages that this runtime's `features` do not list")
    .addHelpText(
      'after',
      examples(
        'hooks validate /etc/containers/oci/hooks.d',
        'hooks validate 10-gpu.json --json',
        'hooks validate --as nri my-settings.yaml',
      ),
    )
    .action(run(async () => (await import('./commands/validate.ts')).validate));

  withCatalog(program.command('list'))
    .summary('list the definitions in force')
    .description('List the definitions in force, in the order of injection, and those masked or inactive.')
    .addHelpText('after', examples('hooks list', 'hooks list --hooks-dir ./hooks.d --json'))
    .action(run(async () => (await import('./commands/list.ts')).list));

  program
    .command('convert')
    .summary('bring a definition to format 1.0.0, or from JSON to YAML and back')
    .description(
      'Bring a definition to format 1.0.0, as JSON or YAML, where the meaning stays the same; else say why it does not.',
    )
    .argument('<file>', 'a definition file, or - for JSON on standard input')
    .addOption(
      new Option('--to <syntax>', "JSON or YAML (default: by the ending of --output, else the file's own)").choices([
        'json',
        'yaml',
      ]),
    )
    .option('-o, --output <file>', 'write the definition to this file, whole or not at all; - for standard output')
    .addOption(extensionStage())
    .option('--quiet', 'no warnings and notes on standard error')
    .addHelpText(
      'after',
      examples(
        'hooks convert old.json',
        'hooks convert 10-gpu.json -o 10-gpu.yaml',
        'hooks convert --to json 10-gpu.yaml',
      ),
    )
    .action(run(async () => (await import('./commands/convert.ts')).convert));

  addInstallCommands(program, run);

  withOutput(program.command('doctor'))
    .summary('say what this machine has for hooks, and what to mend')
    .description(
      'Say what this machine has for hooks: engines, runtimes and their stages, cgroups, hooks directories, policy, runtime ' +
        'wrapper and NRI. Nothing is changed. Exit 1 when something must be mended.',
    )
    .addOption(hooksDirectory())
    .addOption(extensionStage())
    .addHelpText('after', examples('hooks doctor', 'hooks doctor --json'))
    .action(run(async () => (await import('./commands/doctor.ts')).doctor));

  program
    .command('completion')
    .summary('print the completion script for a shell')
    .description('Print the script that lets a shell complete commands, flags and values.')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'hooks completion bash > /usr/share/bash-completion/completions/hooks',
        'hooks completion zsh > /usr/share/zsh/vendor-completions/_hooks',
        'hooks completion fish > /usr/share/fish/vendor_completions.d/hooks.fish',
      ),
    )
    .action(
      run(async () => {
        const { completion } = await import('./commands/completion.ts');
        return (shell: 'bash' | 'zsh' | 'fish') => completion(shell, program);
      }),
    );

  addDevicesCommands(program, run);
  addCgroupCommands(program, run);
  addHelperCommands(program, run);
  addNriCommands(program, run);
  withOutput(program.command('runs'))
    .summary('show what recorded hooks did and said')
    .description('List the containers with recorded hook runs, or show the runs of one (runtime wrapper, recordHooks).')
    .argument('[id]', "a container's id")
    .addHelpText('after', examples('hooks runs', 'hooks runs 4f2c --json'))
    .action(run(async () => (await import('./commands/runs.ts')).runs));

  program
    .command('exec-hook')
    .summary('run a hook and record what it does and says')
    .description('Run a hook with our own standard input, environment and directory; record it; end as it ends.')
    .option('--id <id>', "the container's id, where the state on standard input names none")
    .requiredOption('--name <name>', "the definition's file name")
    .option('--stage <stage>', 'the stage it runs at')
    .option('--timeout <seconds>', 'kill it after so long')
    .option('--argv0 <name>', "the hook's name for itself, when it is not its path")
    .argument('<path>', "the hook's program")
    .argument('[args...]', "the hook's arguments")
    .passThroughOptions()
    .addHelpText('after', examples('hooks exec-hook --id 4f2c --name 10-gpu.json -- /usr/libexec/gpu --all < state'))
    .action(run(async () => (await import('./commands/exec-hook.ts')).execHook));

  return program;
}

function addDevicesCommands(program: Command, run: Run): void {
  const devices = program
    .command('devices')
    .summary('device allow-lists: show, change and compile them')
    .description('Show which devices a container may open, allow or deny it some, and compile device programs.');

  withOutput(devices.command('compile'))
    .description('Compile a rule list to the eBPF program of a device cgroup. Exit 1 when the dialect refuses it.')
    .requiredOption('--rules <file>', 'a list of {allow, type, major, minor, access}, or - for standard input')
    .addOption(choice('--dialect <runtime>', 'whose reading of the list', ['runc', 'crun'], 'runc'))
    .addOption(
      new Option('--defaults <runtime>', 'add the default rules of this runtime (default: none)').choices([
        'runc',
        'crun',
      ]),
    )
    .addHelpText(
      'after',
      examples(
        'hooks devices compile --rules rules.json --defaults runc',
        'jq .linux.resources.devices config.json | hooks devices compile --rules - --json',
      ),
    )
    .action(run(async () => (await import('./commands/devices-compile.ts')).devicesCompile));

  withOutput(devices.command('show'))
    .description('Decode from the kernel what the programs in force let a container open, level by level.')
    .option('--pid <n>', 'a process of the container')
    .option('--cgroup <path>', 'its cgroup, counted from the root of the hierarchy')
    .addHelpText('after', examples('hooks devices show --pid 4711', 'hooks devices show --pid 4711 --json'))
    .action(run(async () => (await import('./commands/devices-show.ts')).devicesShow));

  withDevices(devices.command('allow'))
    .description('Give a running container devices: its programs are widened in place, and v1 and systemd are told.')
    .addOption(accessOption('rw'))
    .addHelpText(
      'after',
      examples("hooks devices allow --pid 4711 '/dev/nvidia*'", 'hooks devices allow --pid 4711 10:229'),
    )
    .action(run(async () => (await import('./commands/devices-set.ts')).devicesAllow));

  withDevices(devices.command('deny'))
    .description('Take devices away from a running container; what is open stays open.')
    .addOption(accessOption('rwm'))
    .addHelpText('after', examples('hooks devices deny --pid 4711 /dev/fuse'))
    .action(run(async () => (await import('./commands/devices-set.ts')).devicesDeny));
}

function withDevices(command: Command): Command {
  return withOutput(command)
    .argument('<device...>', 'a path, a glob, numbers (10:229, b:7:0) or a driver (class:fuse)')
    .option('--pid <n>', 'a process of the container')
    .option('--cgroup <path>', 'its cgroup, counted from the root of the hierarchy')
    .option('--require', 'a glob that fits no device is an error')
    .option('--dry-run', 'print what would be done')
    .option('--verifier-log', "quote the kernel's verifier when it refuses a program");
}

function accessOption(byDefault: string): Option {
  return new Option('--access <letters>', 'r (read), w (write), m (make a node)').default(byDefault);
}

/** Flags of every command that loads definitions. */
function withCatalog(command: Command): Command {
  return withOutput(command)
    .addOption(hooksDirectory())
    .option('--builtin', 'the shipped definitions, as the least preferred directory')
    .addOption(extensionStage())
    .addOption(
      choice(
        '--has-bind-mounts <rule>',
        "what counts as bind mounts: the user's, any, or an answer",
        ['user', 'any', 'true', 'false'],
        'user',
      ),
    )
    .option('--strict-permissions', 'refuse definitions that others than their owner could change');
}

function hooksDirectory(): Option {
  return new Option(
    '--hooks-dir <dir>',
    'a hooks directory; repeatable, least preferred first (default: the two of oci-hooks(5))',
  ).argParser(collect);
}

/** Gives version, commit and what runs the program, a line each. */
function versionText(): string {
  const { bun, node } = process.versions;
  const runtime = bun === undefined ? `Node ${node}` : `Bun ${bun}`;
  return [
    `hooks ${BUILD.version}`,
    `commit: ${BUILD.commit}`,
    `runtime: ${runtime}${EXECUTABLE ? ', single executable' : ''}`,
  ].join('\n');
}
