import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Verdict } from '../core/when/verdict.ts';
import { isMissedByContainerd } from '../core/when/verdict.ts';
import type { RuntimeCall } from './command-line.ts';
import { LONGEST_MESSAGE } from './engine-log.ts';
import type { Injection } from './injection.ts';
import type { RuntimeSettings } from './settings.ts';

/** What one line of the log says about the making of one container. */
export interface CreateRecord {
  readonly time: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly id: string;
  /** Absolute. */
  readonly bundle: string;
  readonly command: string;
  readonly program: string;
  readonly runtime?: string;
  /** How many hooks were added. */
  readonly injected: number;
  /** The definitions that matched, with the conditions that held. */
  readonly matched: readonly object[];
  /** Those that would have matched but for an annotation that containerd may have held back. */
  readonly missed: readonly object[];
  /** Definitions whose hooks run without a record, although records were asked for. */
  readonly unrecorded: readonly string[];
  /** From our own start to the start of the runtime, without the time our program took to load. */
  readonly milliseconds: number;
}

/** What is known of a call besides what was injected. */
export interface CreateCircumstances {
  readonly call: RuntimeCall;
  readonly program: string;
  readonly runtime?: string | undefined;
  readonly failure?: { readonly level: 'warning' | 'error'; readonly message: string } | undefined;
  readonly now: Date;
  readonly milliseconds: number;
}

// One line stays one datagram, and a log readable: a definition more than these is left out.
const MOST_NAMED = 50;
const LONGEST_TEXT = 200;

/** Gives the line for a call. */
export function createRecord(injection: Injection | undefined, about: CreateCircumstances): CreateRecord {
  const { call, program, runtime, failure, now } = about;
  const plan = injection?.plan;
  const injected = injection?.added ?? 0;
  return {
    time: now.toISOString(),
    level: failure?.level ?? 'info',
    message: failure?.message.slice(0, LONGEST_MESSAGE) ?? `${injected} ${injected === 1 ? 'hook' : 'hooks'} injected`,
    id: call.id ?? '',
    bundle: resolve(call.bundle ?? '.'),
    command: call.verb ?? '',
    program,
    ...(runtime !== undefined && { runtime }),
    injected,
    matched: (plan?.matchedVerdicts ?? []).slice(0, MOST_NAMED).map(({ name, stages, conditions }) => ({
      name,
      stages,
      conditions: conditions.filter(({ matched }) => matched).map(shortened),
    })),
    missed: (plan?.verdicts ?? []).filter(isMissedByContainerd).slice(0, MOST_NAMED).map(missedAs),
    unrecorded: injection?.unrecorded ?? [],
    milliseconds: about.milliseconds,
  };
}

function shortened({ condition, pattern, value }: Verdict['conditions'][number]): object {
  return {
    condition,
    ...(pattern !== undefined && { pattern: pattern.slice(0, LONGEST_TEXT) }),
    ...(value !== undefined && { value: value.slice(0, LONGEST_TEXT) }),
  };
}

function missedAs({ name, nearestMiss }: Verdict): object {
  return {
    name,
    pattern: nearestMiss?.pattern?.slice(0, LONGEST_TEXT) ?? '',
    hint: 'containerd passes on only the annotations that pod_annotations and container_annotations list',
  };
}

/**
 * Writes the line where the settings say. Why it could not be written is given back: a container does not wait for a log.
 */
export async function writeCreateRecord(record: CreateRecord, settings: RuntimeSettings): Promise<string | undefined> {
  try {
    switch (settings.log) {
      case 'none':
        return undefined;
      case 'file':
        appendLine(settings.logFile, JSON.stringify(record));
        return undefined;
      case 'journald': {
        const { writeToJournal } = await import('./journal.ts');
        writeToJournal(record);
        return undefined;
      }
      default:
        return settings.log satisfies never;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function appendLine(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    // One call, so that lines of two containers do not mix.
    writeSync(descriptor, `${line}\n`);
  } finally {
    closeSync(descriptor);
  }
}
