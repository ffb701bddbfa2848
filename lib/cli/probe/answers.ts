import { createInterface, type Interface } from 'node:readline';
import type { Output } from '../output';
import type { Terminal } from '../terminal';

/** Asks the user, and reads the lines that they type. The end of the input counts as "no" to every question. */
export class Answers {
  readonly #terminal: Terminal;
  readonly #output: Output;
  readonly #lines: string[] = [];
  #interface: Interface | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(terminal: Terminal, output: Output) {
    this.#terminal = terminal;
    this.#output = output;
  }

  /** Returns the next line that is typed; undefined when the input has ended or the signal is aborted. */
  async line(signal: AbortSignal = this.#terminal.signal): Promise<string | undefined> {
    this.#open();
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    while (this.#lines.length === 0 && !this.#ended && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    signal.removeEventListener('abort', wake);
    return signal.aborted ? undefined : this.#lines.shift()?.trim();
  }

  /** Asks for yes or no; anything but yes is no. */
  async agrees(question: string): Promise<boolean> {
    this.#output.say(`${question} [y/N]`);
    return /^y(es)?$/i.test((await this.line()) ?? '');
  }

  /** Asks for one of some letters, until one of them is typed. Returns undefined when the input has ended. */
  async choose<const T extends string>(question: string, letters: readonly T[]): Promise<T | undefined> {
    this.#output.say(`${question} [${letters.join('/')}]`);
    for (;;) {
      const line = await this.line();
      if (line === undefined) return undefined;
      const letter = letters.find((each) => each === line.toLowerCase());
      if (letter !== undefined) return letter;
      this.#output.say(`Type one of ${letters.join(', ')} and Enter.`);
    }
  }

  /** Lets go of the input. */
  close(): void {
    this.#interface?.close();
  }

  #open(): void {
    if (this.#interface) return;
    // Not as a terminal: the line discipline of the system does, and Ctrl-C stays a signal.
    this.#interface = createInterface({ input: this.#terminal.input, terminal: false });
    this.#interface.on('line', (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    this.#interface.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }
}
