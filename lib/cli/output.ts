import type { Terminal } from './terminal';

/** How a check turned out. `unknown`: it ran, and what it saw decides nothing. `skipped`: it did not run. */
export type CheckVerdict = 'ok' | 'wrong' | 'unknown' | 'skipped';

/** What a check found. */
export interface CheckResult {
  /** A stable word. */
  readonly id: string;
  /** What was checked, for people. */
  readonly what: string;
  readonly result: CheckVerdict;
  /** What was seen. */
  readonly seen: string;
  /** What to do. */
  readonly advice?: string | undefined;
}

const colours: Readonly<Record<CheckVerdict, number>> = { ok: 32, wrong: 31, unknown: 33, skipped: 2 };
const indent = ' '.repeat(9);

/** Prints what a command says: to people on the standard output, or beside a JSON document on the error output. */
export class Output {
  readonly #terminal: Terminal;
  readonly json: boolean;

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.json = json;
  }

  /** Prints text that is no result: progress, questions, explanations. */
  say(text = ''): void {
    (this.json ? this.#terminal.err : this.#terminal.out)(`${text}\n`);
  }

  /** Prints the result of a check, unless the results are printed as JSON in the end. */
  result({ result, what, seen, advice }: CheckResult): void {
    if (this.json) return;
    const word = result.padEnd(indent.length);
    const painted = this.#terminal.colour ? `\u001b[${colours[result]}m${word}\u001b[0m` : word;
    this.say(`${painted}${what}: ${seen}`);
    if (advice) this.say(`${indent}${advice}`);
  }

  /** Prints how many checks turned out which way. */
  summary(results: readonly CheckResult[]): void {
    const words: CheckVerdict[] = ['ok', 'wrong', 'unknown', 'skipped'];
    const counts = words.map((word) => [word, results.filter(({ result }) => result === word).length] as const);
    const text = counts.flatMap(([word, count]) => (count > 0 ? `${count} ${word}` : [])).join(', ');
    if (!this.json) this.say(`\n${text}.`);
  }

  /** Prints the one JSON document of a command. */
  document(value: object): void {
    this.#terminal.out(`${JSON.stringify(value)}\n`);
  }
}
