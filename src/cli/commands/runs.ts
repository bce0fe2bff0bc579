import { escapeControls } from '../../core/diagnostic/quote.ts';
import { type HookRun, isRecordableId, listRecordedContainers, readHookRuns } from '../../host/hook-runs.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks runs`. */
export interface RunsFlags {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks runs`: the containers with records, the newest last, or the runs of one; exit 1 when it has none. */
export async function runs(id: string | undefined, flags: RunsFlags): Promise<ExitStatus> {
  if (id === undefined) return listContainers(flags);
  if (!isRecordableId(id)) throw new UsageError(`no container has the id ${JSON.stringify(id)}`);
  const recorded = readHookRuns(id);
  if (flags.json) writeJson({ runs: recorded });
  else if (recorded.length > 0) writeResult(`${recorded.flatMap(describeRun).map(escapeControls).join('\n')}\n`);
  else if (!flags.quiet)
    writeNote(`hooks: there is no record of ${id}; the runtime wrapper keeps one with recordHooks: true`);
  return recorded.length > 0 ? EXIT.done : EXIT.no;
}

function listContainers(flags: RunsFlags): ExitStatus {
  const containers = listRecordedContainers().map((id) => {
    const recorded = readHookRuns(id);
    return { id, runs: recorded.length, failed: recorded.filter((run) => run.status !== 0).length };
  });
  if (flags.json) writeJson({ containers });
  else if (containers.length > 0) {
    writeResult(containers.map(({ id, runs: count, failed }) => `${id}  runs: ${count}  failed: ${failed}\n`).join(''));
  }
  return EXIT.done;
}

function describeRun(run: HookRun): string[] {
  const { name, stage, path, startedAt, milliseconds, stdout, stderr, isCut } = run;
  const time = milliseconds === undefined ? '' : `, ${milliseconds} ms`;
  return [
    `${startedAt}  ${stage === undefined ? '' : `${stage} `}${name}: ${outcomeOf(run)}${time} (${path})`,
    ...quoted('stdout', stdout),
    ...quoted('stderr', stderr),
    ...(isCut ? ['  (more was said than is kept)'] : []),
  ];
}

function outcomeOf({ status, signal, failure, milliseconds }: HookRun): string {
  if (failure !== undefined) return failure;
  if (signal !== undefined) return `ended by ${signal}`;
  if (status !== undefined) return `exit status ${status}`;
  return milliseconds === undefined ? 'running, or ended by the runtime' : 'ended';
}

function quoted(name: string, text: string): string[] {
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => `  ${name}: ${line}`);
}
