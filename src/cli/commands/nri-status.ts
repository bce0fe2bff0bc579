import { existsSync } from 'node:fs';
import { isObject } from '../../core/definition/keys.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { defaultSettings, SETTINGS_PATH, statusPathOf } from '../../nri/settings.ts';
import { readStatus } from '../../nri/status-client.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { safeLines, writeJson, writeResult } from '../output.ts';

/** Flags of `hooks nri status`. */
export interface NriStatusFlags {
  readonly status?: string;
  readonly config?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks nri status`: what the running plugin says of itself. */
export async function nriStatus(flags: NriStatusFlags): Promise<ExitStatus> {
  const path = flags.status ?? (await configuredPath(flags.config)) ?? defaultSettings().status;
  const status = await readStatus(path);
  if (flags.json) writeJson(status);
  else if (!flags.quiet) writeResult(`${describe(status).map(safeLines).join('\n')}\n`);
  return status['ready'] === true ? EXIT.done : EXIT.no;
}

async function configuredPath(config: string | undefined): Promise<string | undefined> {
  if (config !== undefined && !existsSync(config)) {
    throw new SystemError('FILE_READ', { path: config, reason: 'there is no such file' });
  }
  return await statusPathOf({ path: config ?? SETTINGS_PATH, isRequired: false });
}

type Json = Readonly<Record<string, unknown>>;

function describe(status: Json): string[] {
  const of = (key: string): Json => partOf(status, key);
  const [catalog, connection, plugin, runtime] = [of('catalog'), of('connection'), of('plugin'), of('runtime')];
  const [settings, containers, synchronized] = [of('settings'), of('containers'), of('synchronized')];
  const reasons = listOf(status['reasons']).map(String);
  const missing = listOf(synchronized['missing']).filter(isObject);
  const namespaces = listOf(settings['exemptNamespaces']).join(', ');
  return [
    status['ready'] === true ? 'ready' : 'not ready',
    ...reasons.map((reason) => `  ${reason}`),
    `plugin ${text(plugin['index'])}-${text(plugin['name'])}, ${text(status['mode'])}, pid ${text(status['pid'])}, since ${text(status['startedAt'])}`,
    `runtime ${text(runtime['name'], 'not known yet')} ${text(runtime['version'])}`.trimEnd(),
    `connection ${text(connection['step'])} since ${text(connection['since'])}, ${text(connection['connects'])} so far`,
    `definitions ${text(catalog['definitions'])} in force, ${text(catalog['inactive'])} without their program${withoutProgram(catalog['inactive'], settings['onError'])}, generation ${text(catalog['generation'])}${catalog['stale'] === true ? ', the files have errors now' : ''}`,
    `hooks directories ${listOf(catalog['hooksDirs']).join(', ')}`,
    ...(connection['socket'] === undefined ? [] : [`NRI socket ${text(connection['socket'])}`]),
    ...(settings['hostRoot'] === undefined ? [] : [`host root ${text(settings['hostRoot'])}`]),
    `settings file ${text(settings['file'], 'none')}`,
    `on error ${text(settings['onError'])}${namespaces === '' ? '' : `; exempt: ${namespaces}`}`,
    `containers ${Object.entries(containers)
      .map(([outcome, count]) => `${text(count)} ${outcome}`)
      .join(', ')}`,
    ...missing.map((hook) => {
      const { namespace, pod, name, definition, stage } = hook;
      return `missing: ${text(namespace)}/${text(pod)} ${text(name)} runs without the ${text(stage)} hook of ${text(definition)}`;
    }),
    ...listOf(status['diagnostics'])
      .filter(isObject)
      .flatMap((finding) => {
        const at = partOf(finding, 'at');
        const place = at['line'] === undefined ? '' : `:${text(at['line'])}:${text(at['column'])}`;
        const { path, severity, code, message, fix } = finding;
        return [`${text(path)}${place}: ${text(severity)} ${text(code)}: ${text(message)}`, `  fix: ${text(fix)}`];
      }),
  ];
}

/** Says what becomes of the containers that these definitions match. */
function withoutProgram(count: unknown, onError: unknown): string {
  if (count === 0) return '';
  return onError === 'skip'
    ? ' (containers they match start without those hooks)'
    : ' (containers they match are refused)';
}

function partOf(value: Json, key: string): Json {
  const part = value[key];
  return isObject(part) ? part : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown, whenAbsent = ''): string {
  return value === undefined ? whenAbsent : String(value);
}
