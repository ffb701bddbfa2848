import { PassThrough } from 'node:stream';
import type { Sandbox } from 'passport-criteo/sandbox';
import { run } from '../../lib/cli/main';
import type { Terminal } from '../../lib/cli/terminal';

/** What a user does with a URL that is opened for them. */
export type Visit = (url: string) => unknown;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Lines that the user has typed already; the input ends after them, unless `visit` or `onText` types more. */
  readonly typed?: readonly string[];
  readonly visit?: Visit;
  /** Is told how many milliseconds the command wants to sleep. It does not sleep. */
  readonly onSleep?: (milliseconds: number) => void;
  /** Is told each text that is printed. */
  readonly onText?: (text: string, command: RunningCommand) => unknown;
}

/** A command that runs in this process. */
export class RunningCommand {
  /** What was printed as results. */
  printed = '';
  /** What was printed as errors, or beside JSON. */
  errors = '';
  /** How long the command wanted to sleep, each time. */
  readonly slept: number[] = [];
  readonly #interrupted = new AbortController();
  readonly #input = new PassThrough();
  readonly #pending: Promise<unknown>[] = [];
  readonly status: Promise<number>;

  constructor(args: readonly string[], { env = {}, typed, visit, onText, onSleep }: CommandOptions) {
    const told = (text: string): void => this.#track(onText?.(text, this));
    const terminal: Terminal = {
      env,
      out: (text) => {
        this.printed += text;
        told(text);
      },
      err: (text) => {
        this.errors += text;
        told(text);
      },
      colour: false,
      input: this.#input,
      signal: this.#interrupted.signal,
      openBrowser: (url) => this.#track(visit?.(url)),
      sleep: async (milliseconds, signal) => {
        this.slept.push(milliseconds);
        onSleep?.(milliseconds);
        // No test waits for as long as a user would.
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      },
    };
    for (const line of typed ?? []) this.type(line);
    if (typed) this.#input.end();
    this.status = run(args, terminal);
  }

  type(line: string): void {
    if (!this.#input.writableEnded) this.#input.write(`${line}\n`);
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    this.#interrupted.abort();
  }

  get interrupted(): boolean {
    return this.#interrupted.signal.aborted;
  }

  /** The exit status, once what the user did has come to its end too. */
  async end(): Promise<number> {
    const status = await this.status;
    await Promise.all(this.#pending);
    return status;
  }

  /** The JSON document that was printed. */
  get document(): {
    results: { id: string; result: string; seen: string; advice?: string }[];
    [field: string]: unknown;
  } {
    return JSON.parse(this.printed);
  }

  #track(action: unknown): void {
    if (action instanceof Promise) this.#pending.push(action);
  }
}

/** Runs a command to its end. */
export async function command(args: readonly string[], options: CommandOptions = {}) {
  const running = new RunningCommand(args, options);
  const status = await running.end();
  return Object.assign(running, { exitStatus: status });
}

/** The variables that point a command to a sandbox. */
export function environment(sandbox: Sandbox, callbackURL?: string): Record<string, string> {
  return {
    CRITEO_CLIENT_ID: sandbox.app.clientID,
    CRITEO_CLIENT_SECRET: sandbox.app.clientSecret,
    CRITEO_API_URL: sandbox.endpoints.apiURL,
    CRITEO_AUTHORIZATION_URL: sandbox.endpoints.authorizationURL,
    ...(callbackURL !== undefined && { CRITEO_CALLBACK_URL: callbackURL }),
  };
}
