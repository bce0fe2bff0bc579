import { type Command, Option } from 'commander';
import { collect, examples, type Run } from './flag.ts';

/** Adds `hooks nri`: the NRI plugin, and how it is. */
export function addNriCommands(program: Command, run: Run): void {
  const nri = program
    .command('nri')
    .showHelpAfterError('Run `hooks nri --help` for the usage.')
    .summary('the NRI plugin: hooks for containerd and CRI-O')
    .description(
      'Register with the Node Resource Interface of containerd or CRI-O, and answer which hooks each container gets. Runs ' +
        'until SIGTERM. One line of JSON for each container goes to standard error. Flags go before the settings file.',
    )
    .option('--config <file>', 'the settings (default: /etc/oci-hooks/nri.yaml, which need not be there)')
    .option(
      '--hooks-dir <dir>',
      'a hooks directory, as the plugin sees it; repeatable, least preferred first (default: the two of oci-hooks(5), those ' +
        'of the host with --host-root)',
      collect,
    )
    .option('--builtin', 'the shipped definitions, as the least preferred directory')
    .option('--extension-stage <name>', 'a stage that definitions may name besides the six; repeatable', collect)
    .option('--socket-path <path>', "the runtime's socket (default: /var/run/nri/nri.sock)")
    .option('--index <nn>', 'two digits: the place among the plugins (default: 10)')
    .option('--name <name>', 'the name that the runtime knows the plugin under (default: hooks)')
    .addOption(words('--on-error <what>', 'a container that cannot be decided on (default: fail)', ['fail', 'skip']))
    .addOption(
      words('--pod-annotations <order>', "the pod's beneath the container's, above, or not (default: first)", [
        'first',
        'last',
        'off',
      ]),
    )
    .addOption(
      words('--has-bind-mounts <rule>', "what counts as bind mounts: the user's, any, or an answer (default: user)", [
        'user',
        'any',
        'true',
        'false',
      ]),
    )
    .addOption(
      words('--prestart <stage>', 'where prestart hooks go (default: prestart)', ['prestart', 'createRuntime']),
    )
    .addOption(words('--duplicates <what>', 'entries that a stage has already (default: skip)', ['skip', 'keep']))
    .option(
      '--host-root <dir>',
      "where the host's root is mounted: hook programs, and the usual hooks directories, are looked for beneath it",
    )
    .option('--status <path>', 'the status socket (default: /run/oci-hooks/nri.sock, where it can be made)')
    .option('--metrics <address>', 'serve metrics: a loopback HOST:PORT, or unix:/PATH (default: none)')
    .addHelpText(
      'after',
      examples(
        'hooks nri',
        'hooks nri --hooks-dir /etc/oci-hooks/hooks.d --on-error skip',
        'hooks nri --host-root /host --metrics 127.0.0.1:9464',
      ),
    )
    .action(run(async () => (await import('./commands/nri.ts')).nri));

  nri
    .command('status')
    .summary('how the NRI plugin is')
    .description(
      'Ask the running plugin how it is. Exit 0 when it is registered and has good definitions, 1 when not, 3 when ' +
        'there is none.',
    )
    .option('--config <file>', 'the settings file that may name its status socket (default: /etc/oci-hooks/nri.yaml)')
    .option('--status <path>', 'its status socket (default: that of the settings file, else /run/oci-hooks/nri.sock)')
    .option('--quiet', 'print no text: the exit status is the answer')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', examples('hooks nri status', 'hooks nri status --json'))
    .action(run(async () => (await import('./commands/nri-status.ts')).nriStatus));
}

/** An option that takes one of a few words; where it is absent the settings file decides. */
function words(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}
