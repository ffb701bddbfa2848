import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

// Not by this file's place: coverage runs a compiled copy of it from elsewhere.
const bin = join(process.cwd(), 'lib/cli/bin.ts');
const node = [process.execPath, '--require', 'tsx/cjs'];

/** A process, and what it has printed. */
export class RunningProcess {
  printed = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  #wake = (): void => {};

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const [program = '', ...args] = command;
    this.child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text;
        this.#wake();
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Waits until something that fits is printed. */
  async sees(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = pattern.exec(this.printed) ?? [];
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`It ended without ${pattern}:\n${this.printed}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Starts processes of the command that end with the test. */
export function starter() {
  const processes: RunningProcess[] = [];
  afterEach(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.splice(0).map(({ ended }) => ended));
  });
  const start = (command: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess => {
    const running = new RunningProcess(command, env);
    processes.push(running);
    return running;
  };
  return {
    start: (args: readonly string[], env?: Readonly<Record<string, string>>) => start([...node, bin, ...args], env),
    /** Runs a script that may load the command from `bin`. */
    script: (text: (bin: string) => string) => start([...node, '--eval', text(bin)]),
    /** Starts it as npx does: below a shell, which is the child. */
    belowShell: (args: readonly string[]) => {
      const line = [...node, bin, ...args].map((word) => `'${word}'`).join(' ');
      // The second command keeps the shell from becoming the first one.
      return start(['sh', '-c', `${line}; exit`], { npm_command: 'exec' });
    },
    /** Starts it in a pseudo-terminal, in which Ctrl-C is a key. */
    inTerminal: (args: readonly string[], env?: Readonly<Record<string, string>>) => {
      const line = [...node, bin, ...args].map((word) => `'${word}'`).join(' ');
      // Without exec, the shell in between takes the Ctrl-C for its own.
      return start(['script', '-qec', `exec ${line}`, '/dev/null'], env);
    },
  };
}
