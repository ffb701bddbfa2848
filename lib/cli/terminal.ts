import { setTimeout as wait } from 'node:timers/promises';
import { openBrowser } from './open-browser';

/** Everything that a command needs from the process it runs in; tests bring their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints results. */
  readonly out: (text: string) => void;
  /** Prints errors, and everything that is no result while the results are JSON. */
  readonly err: (text: string) => void;
  /** If true, the words `ok`, `wrong`, … are coloured too. They are always there as words. */
  readonly colour: boolean;
  /** Where the user types answers. Nothing reads it before a question is asked. */
  readonly input: NodeJS.ReadableStream;
  /** Aborted by Ctrl-C, and when npx has ended. */
  readonly signal: AbortSignal;
  /** Opens a URL in the user's browser, if that is possible. */
  readonly openBrowser: (url: string) => void;
  /** Waits so many milliseconds; rejects when the signal is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** How often to look whether npx is still there, in milliseconds. */
const parentCheckInterval = 500;

/** Returns the terminal of this process. The first Ctrl-C aborts its signal; the second one ends the process. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());
  // The reader left (`| head`): there is no one to print to.
  process.stdout.on('error', () => interrupted.abort());
  // The errors have no reader; the results may have one.
  process.stderr.on('error', () => {});
  const { env, stdout, stderr, ppid } = process;
  // npx passes no SIGTERM on: the sandbox would stay behind and keep its port.
  if (env['npm_command'] === 'exec') {
    setInterval(() => process.ppid !== ppid && interrupted.abort(), parentCheckInterval).unref();
  }
  return {
    env,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    // https://no-color.org
    colour: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    // A getter, because reading this property opens the stream and keeps the process alive.
    get input() {
      return process.stdin;
    },
    signal: interrupted.signal,
    openBrowser: (url) => void openBrowser(url, process.platform, env),
    sleep: async (milliseconds, signal) => wait(milliseconds, undefined, { signal }),
  };
}
