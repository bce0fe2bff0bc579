import { type ExactJson, isExactObject } from '../../core/oci/exact-json.ts';
import { DEFAULT_RULES } from '../bpf/default-rules.ts';
import { ANY_NUMBER, type DeviceRule, type RuleType } from '../bpf/device-rule.ts';
import { type Dialect, readRules } from '../bpf/dialect.ts';
import { generateFromList } from '../bpf/generate.ts';
import type { ByteOrder, Instruction } from '../bpf/instruction.ts';
import { FieldReader } from '../cgroup/field-reader.ts';
import { type CgroupProblem, problem } from '../cgroup/problem.ts';

/** More than any container has; a map of so many rules still fits in memory. */
const RULES_LIMIT = 16_384;

/** How a rule list is compiled. */
export interface CompileOptions {
  readonly dialect: Dialect;
  /** Whose default rules follow the list, as when that runtime starts a container. */
  readonly defaults?: Dialect | undefined;
  readonly byteOrder: ByteOrder;
}

/** A program, or everything that is wrong with the rules. */
export type CompiledRules =
  | { readonly program: readonly Instruction[] }
  | { readonly problems: readonly CgroupProblem[] };

/** Compiles a rule list to a device program, by the reading of one runtime. */
export function compileRules(json: ExactJson, { dialect, defaults, byteOrder }: CompileOptions): CompiledRules {
  const { rules, problems } = readRuleList(json);
  if (problems.length > 0) return { problems };
  const all = defaults === undefined ? rules : [...rules, ...DEFAULT_RULES[defaults]];
  const result = readRules(all, dialect);
  if ('list' in result) return { program: generateFromList(result.list, byteOrder) };
  const field = result.index < rules.length ? `[${result.index}]` : `defaults[${result.index - rules.length}]`;
  return { problems: [problem('DEVICE_RULE_REFUSED', field, { reason: result.refused })] };
}

/** Reads a list as `linux.resources.devices` has it: what is absent means type a, any number, no access. */
export function readRuleList(json: ExactJson): { readonly rules: DeviceRule[]; readonly problems: CgroupProblem[] } {
  const problems: CgroupProblem[] = [];
  if (!isList(json)) return { rules: [], problems: [problem('DEVICE_RULES_NOT_LIST', 'rules')] };
  if (json.length > RULES_LIMIT) {
    return { rules: [], problems: [problem('DEVICE_RULES_TOO_MANY', 'rules', { limit: RULES_LIMIT })] };
  }
  const rules = json.flatMap((item, index): DeviceRule[] => {
    const field = `[${index}]`;
    if (!isExactObject(item)) {
      problems.push(problem('FIELD_TYPE', field, { expected: 'an object', found: 'something else' }));
      return [];
    }
    const reader = new FieldReader(item, field, problems);
    const type = reader.string('type') ?? 'a';
    if (!isRuleType(type))
      problems.push(problem('FIELD_TEXT', `${field}.type`, { value: type, expected: 'a, b or c' }));
    return [
      {
        allow: reader.boolean('allow') ?? false,
        type: isRuleType(type) ? type : 'a',
        major: Number(reader.int64('major') ?? ANY_NUMBER),
        minor: Number(reader.int64('minor') ?? ANY_NUMBER),
        access: reader.string('access') ?? '',
      },
    ];
  });
  return { rules, problems };
}

function isList(json: ExactJson): json is readonly ExactJson[] {
  return Array.isArray(json);
}

function isRuleType(type: string): type is RuleType {
  return type === 'a' || type === 'b' || type === 'c';
}
