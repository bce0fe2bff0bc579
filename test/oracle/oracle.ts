import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Requirement } from '../requirement.ts';

/** A hook as the reference would write it; the timeout as text, since it is an int64. */
export interface OracleHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: string;
}

/** Hooks by stage; stages without hooks are left out. */
export type OracleStages = Readonly<Record<string, readonly OracleHook[]>>;

/** What the reference says of one file of a directory; see files.go. */
export interface OracleFile {
  readonly path: string;
  readonly name: string;
  /** The name as the reference sorts by it. */
  readonly lower: string;
  readonly error?: string;
  /** The hook's path does not exist: the definition is dropped in silence. */
  readonly missing?: boolean;
  /** What is wrong with a definition besides its missing path. */
  readonly other?: string;
  readonly ignored?: boolean;
}

/** Question: which hooks does the container of `config` get from these directories? */
export interface InjectQuestion {
  readonly op: 'inject';
  readonly directories: readonly string[];
  readonly extensionStages: readonly string[];
  readonly hasBindMounts: boolean;
  readonly config: string;
}

/** Question: which hooks does a config.json hold, read as engines read it? */
export interface HooksQuestion {
  readonly op: 'hooks';
  readonly config: string;
}

/** Question: does a pattern compile, and which subjects does it match? */
export interface RegexpQuestion {
  readonly op: 'regexp';
  readonly pattern: string;
  readonly subjects: readonly string[];
}

/** One question to the driver. */
export type OracleQuestion = InjectQuestion | HooksQuestion | RegexpQuestion;

/** The driver's answer; which members are there depends on the question. */
export interface OracleAnswer {
  readonly error?: string;
  readonly during?: 'load' | 'config' | 'match';
  readonly files?: readonly OracleFile[];
  /** Null when the config has no hooks member. */
  readonly hooks: OracleStages | null;
  readonly extension: OracleStages | null;
  readonly matched?: readonly boolean[];
}

/** Needs the reference package and Go: Debian's golang-github-containers-common-dev and golang-go. */
export const referencePackage: Requirement = {
  name: 'the reference package',
  missing: () => build().missing,
};

/** Puts questions to the reference, all through one process, and gives the answers in their order. */
export function askOracle(questions: readonly OracleQuestion[]): readonly OracleAnswer[] {
  const { driver, missing } = build();
  if (driver === undefined) throw new Error(missing);
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
  const { status, stdout, stderr } = spawnSync(driver, [], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`the oracle failed: ${stderr}`);
  const answers = stdout.split('\n').slice(0, -1);
  if (answers.length !== questions.length)
    throw new Error(`${answers.length} answers to ${questions.length} questions`);
  return answers.map((line) => JSON.parse(line) as OracleAnswer); // as: the driver is our own
}

interface Build {
  readonly driver?: string;
  readonly missing?: string;
}

let built: Build | undefined;

function build(): Build {
  built ??= runBuild();
  return built;
}

function runBuild(): Build {
  const script = fileURLToPath(new URL('../../scripts/build-oracle.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status === 0) return { driver: stdout.trim() };
  if (status === 2) return { missing: `needs the reference package: ${stderr.trim()}` };
  throw new Error(`the oracle does not build: ${stderr}`);
}
