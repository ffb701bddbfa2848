import { types } from 'node:util';
import { HookTimeoutError } from '../errors';
import { Deadline } from '../util/deadline';

/**
 * Milliseconds that a hook around an exchange gets in addition to `timeout`, so that the deadline of the exchange, whose
 * error says more, comes first.
 */
export const GRACE = 500;

/** Takes a hook's answer: an error or none, then up to three values. A hook is the app's, so nothing is believed. */
export type HookAnswer = (error?: unknown, first?: unknown, second?: unknown, third?: unknown) => void;

/** Takes the answer that counts, whose error is an object. */
type CountedAnswer = (error: object | undefined, first?: unknown, second?: unknown, third?: unknown) => void;

/**
 * Calls a callback-style hook and gives its answer to `done` exactly once, whatever the hook does. The first answer counts.
 * A throw or a rejection is an answer, and so are `timeout` milliseconds without one. A promise as answer is refused,
 * because the hook was to wait for it. An answer that comes at once costs neither a timer nor a promise.
 */
export function callHook(
  what: string,
  timeout: number,
  call: (callback: HookAnswer) => unknown,
  done: CountedAnswer,
): void {
  let deadline: Deadline | undefined;
  let settled = false;
  const settle: HookAnswer = (error, first, second, third) => {
    if (settled) return;
    settled = true;
    deadline?.cancel();
    const reason = error || refusedPromise(what, first);
    if (reason) done(asError(reason, what));
    else done(undefined, first, second, third);
  };
  const failed = (reason: unknown): void => settle(asError(reason, what));
  try {
    const returned = call(settle);
    if (returned && isPromise(returned)) returned.then(undefined, failed);
  } catch (reason) {
    failed(reason);
  }
  if (settled) return;
  deadline = new Deadline(timeout, () =>
    settle(new HookTimeoutError(`${what} did not respond within ${timeout} ms (the option timeout)`)),
  );
}

/** Calls a hook as {@link callHook} does, and returns a promise of its answer. */
export function askHook(what: string, timeout: number, call: (callback: HookAnswer) => unknown): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    callHook(what, timeout, call, (error, ...answer) => (error ? reject(error) : resolve(answer)));
  });
}

/**
 * Returns the answer of a hook that must answer at once. A promise is refused, and its rejection is ignored.
 *
 * @throws {TypeError} naming the hook.
 */
export function atOnce<T>(what: string, answer: T): T {
  if (!isThenable(answer)) return answer;
  answer.then(undefined, () => {});
  throw new TypeError(`${what} must answer at once, but it returned a promise`);
}

/** Returns the error for a hook that answers with a promise, whose rejection is ignored; undefined for other answers. */
function refusedPromise(what: string, answer: unknown): unknown {
  try {
    if (!isThenable(answer)) return undefined;
  } catch (reason) {
    return reason;
  }
  if (types.isPromise(answer)) answer.catch(() => {});
  return new TypeError(`${what} called back with a promise: call back once it has settled, with its result`);
}

/**
 * Turns what was thrown into an error for Passport. Passport hands it to `next`, for which undefined, 'route' and 'router'
 * mean something else, so only objects stay as they are.
 */
export function asError(reason: unknown, what: string): object {
  if (typeof reason === 'object' && reason !== null) return reason;
  // The text of a function is its source, or throws.
  return new Error(`${what} failed: ${typeof reason === 'function' ? 'a function was thrown' : String(reason)}`);
}

/**
 * Checks whether a value is a promise, of any library, and no query: the `then` of Mongoose's queries, which have an `exec`,
 * runs the query, and once more if a callback has run it already.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (types.isPromise(value)) return true;
  const { catch: caught, exec } = Object(value) as { catch?: unknown; exec?: unknown };
  return isThenable(value) && typeof caught === 'function' && exec === undefined;
}

/** Checks whether a value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
