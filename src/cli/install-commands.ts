import { type Command, Option } from 'commander';
import { examples, extensionStage, type Run, withOutput } from './flag.ts';

/** Adds `hooks install` and `hooks uninstall`: definitions, and the program they run, put on a machine and taken back. */
export function addInstallCommands(program: Command, run: Run): void {
  withOutput(program.command('install'))
    .summary('write definitions into a hooks directory')
    .description(
      'Write the shipped definitions, or those named, into a hooks directory: all of them or none. The shipped ones run ' +
        'this very program. What was written is recorded there, so that `hooks uninstall` removes exactly that.',
    )
    .usage('[options] <dir>')
    .argument('[dir]', 'the hooks directory; it is made when it is not there')
    .option('--definition <file...>', 'these definitions instead of the shipped ones')
    .option('--program <path>', 'put this executable there first; the shipped definitions then run it')
    .addOption(hostRoot())
    .option('--force', 'replace files of the same name that are not ours, or were changed')
    .addOption(extensionStage())
    .addHelpText(
      'after',
      examples(
        'hooks install /etc/containers/oci/hooks.d',
        'hooks install /etc/containers/oci/hooks.d --definition 10-gpu.json',
        'hooks install --host-root /host --program /opt/oci-hooks/hooks /etc/containers/oci/hooks.d',
      ),
    )
    .action(run(async () => (await import('./commands/install.ts')).install));

  withOutput(program.command('uninstall'))
    .summary('remove what `hooks install` wrote')
    .description('Remove what `hooks install` wrote. A file that was changed since stays and is named, with exit 1.')
    .argument('<dir>', 'the hooks directory')
    .option('--force', 'remove files that were changed, too')
    .addOption(hostRoot())
    .addHelpText('after', examples('hooks uninstall /etc/containers/oci/hooks.d'))
    .action(run(async () => (await import('./commands/uninstall.ts')).uninstall));
}

/** The flag for who runs in a container and means its host. */
function hostRoot(): Option {
  return new Option('--host-root <dir>', 'where the root of the host is mounted, when this runs in a container');
}
