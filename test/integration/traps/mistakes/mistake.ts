import type { Page } from '../../../support/cookie-client';
import { warningsOf } from '../../../support/warnings';
import type { Mount, RunningApp } from '../support';

/** What a test of a mistake works with. */
export interface Bench {
  /** Starts an app and its sandbox until the end of the test. */
  open(mount: Mount, options?: { tls?: boolean }): Promise<RunningApp>;
}

/** A mistake that newcomers make: a row of docs/mistakes.md, and what makes it. */
export interface Mistake {
  mistake: string;
  /** What the package says, word for word; `…` stands for what is left out. */
  says: string;
  /** Markdown. */
  fix: string;
  /** Makes the mistake and returns all that the package says. */
  make(bench: Bench): string | Promise<string>;
}

/** Returns what a call throws or rejects with: its code, if it has one, and its message. */
export async function thrown(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    return told(error);
  }
  throw new Error('Nothing was thrown');
}

/** Returns the warning that comes while something is done. */
export async function warned(act: () => unknown): Promise<string> {
  const [warning] = await warningsOf(act);
  return told(warning);
}

/** Returns the failure or error that a page of {@link routes} shows. */
export function shown({ body }: Page): string {
  return told(JSON.parse(body));
}

/** Returns code and message of an error, a warning or an `info`. */
export function told(of: unknown): string {
  const { code, message } = Object(of) as { code?: string; message?: string };
  return code === undefined ? `${message}` : `${code}: ${message}`;
}
