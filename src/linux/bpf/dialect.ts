import { crunList } from './crun-dialect.ts';
import type { DeviceList } from './device-list.ts';
import type { DeviceRule } from './device-rule.ts';
import { runcList } from './runc-dialect.ts';

/** Whose reading of a rule list applies: the two runtimes differ in order, merging and wildcards. */
export type Dialect = 'runc' | 'crun';

/** What a dialect makes of rules: the list it tests, or the reason why it refuses to start the container. */
export type DialectResult =
  | { readonly list: DeviceList }
  | { readonly refused: string /** Which rule, from 0. */; readonly index: number };

/** Reads a complete rule list (defaults included) as the runtime would. */
export function readRules(rules: readonly DeviceRule[], dialect: Dialect): DialectResult {
  switch (dialect) {
    case 'runc':
      return runcList(rules);
    case 'crun':
      return { list: crunList(rules) };
    default:
      return dialect satisfies never;
  }
}
