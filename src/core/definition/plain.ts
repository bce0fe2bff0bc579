import { hasMoreMembers } from '../json/repeated-keys.ts';
import type { Hook } from '../oci/hook.ts';
import { isStage } from '../oci/stage.ts';
import type { When } from './hook-definition.ts';
import { isObject } from './keys.ts';
import type { DefinitionContent } from './v1_0_0.ts';

/** A definition's content, and the value of its text. */
export interface PlainDefinition extends DefinitionContent {
  readonly value: unknown;
}

/**
 * Reads a JSON definition of format 1.0.0 that has nothing odd about it, in a third of the time; undefined for any other,
 * which `readFully` then reads with all that it checks and tells. Most definitions are plain, and a container waits
 * for all of them. Whatever this gives, the full way gives too, without a finding: a property test holds that.
 */
export function readPlainDefinition(text: string, extensionStages: readonly string[]): PlainDefinition | undefined {
  // Half a surrogate pair is read as U+FFFD; an escape may hide one.
  if (text.includes('\\u') || !text.isWellFormed()) return undefined;
  const value = parsed(text);
  if (!isObject(value)) return undefined;
  const { version, hook, when, stages } = value;
  if (version !== '1.0.0' || !isObject(hook) || !isObject(when) || !isListOfTexts(stages)) return undefined;
  if (!areStages(stages, extensionStages)) return undefined;
  const read = readHook(hook, text);
  const conditions = readWhen(when);
  if (!read || !conditions) return undefined;
  const ownMembers = '$schema' in value ? 5 : 4;
  // Unknown keys, repeated ones and what a schema may have inside all make more members than were read.
  if (hasMoreMembers(text, ownMembers + read.members + conditions.members)) return undefined;
  return { value, hook: read.hook, when: conditions.when, stages };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The full way says what is wrong, and where.
    return undefined;
  }
}

function readHook(hook: Readonly<Record<string, unknown>>, text: string) {
  const { path, args, env, timeout } = hook;
  if (typeof path !== 'string' || !path.startsWith('/')) return undefined;
  const read: { -readonly [Key in keyof Hook]: Hook[Key] } = { path };
  let members = 1;
  if (args !== undefined) {
    if (!isListOfTexts(args)) return undefined;
    read.args = args;
    members++;
  }
  if (env !== undefined) {
    if (!isListOfTexts(env)) return undefined;
    read.env = env;
    members++;
  }
  if (timeout !== undefined) {
    if (typeof timeout !== 'number' || timeout <= 0 || !Number.isSafeInteger(timeout) || !PLAIN_TIMEOUT.test(text)) {
      return undefined;
    }
    read.timeout = timeout;
    members++;
  }
  return { hook: read, members };
}

// 1.0 and 1e2 are no integers to Go. Inside a string every quote has a backslash before it, so this is a key.
const PLAIN_TIMEOUT = /"timeout"\s*:\s*\d+\s*[,}]/;

function readWhen(when: Readonly<Record<string, unknown>>) {
  const { always, hasBindMounts, annotations, commands } = when;
  const read: { -readonly [Key in keyof When]: When[Key] } = { combine: 'all' };
  let members = 0;
  let patterns = 0;
  // False never matches, which is worth a warning.
  if (always !== undefined) {
    if (always !== true) return undefined;
    read.always = always;
    members++;
  }
  if (hasBindMounts !== undefined) {
    if (hasBindMounts !== true) return undefined;
    read.hasBindMounts = hasBindMounts;
    members++;
  }
  if (annotations !== undefined) {
    if (!isObject(annotations) || !areTexts(annotations)) return undefined;
    read.annotations = annotations;
    patterns = Object.keys(annotations).length;
    members++;
  }
  if (commands !== undefined) {
    if (!isListOfTexts(commands)) return undefined;
    read.commands = commands;
    members++;
  }
  // Without any condition it never matches either.
  if (members === 0 || (members === 1 && annotations !== undefined && patterns === 0)) return undefined;
  return { when: read, members: members + patterns };
}

/** Tells whether a value is a list of texts, and not an empty one. */
function isListOfTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (const element of value) if (typeof element !== 'string') return false;
  return true;
}

function areTexts(object: Readonly<Record<string, unknown>>): object is Readonly<Record<string, string>> {
  for (const value of Object.values(object)) if (typeof value !== 'string') return false;
  return true;
}

/** Tells whether all are stages, and each there once. */
function areStages(stages: readonly string[], extensionStages: readonly string[]): boolean {
  for (const stage of stages) if (!isStage(stage) && !extensionStages.includes(stage)) return false;
  return stages.length === 1 || new Set(stages).size === stages.length;
}
