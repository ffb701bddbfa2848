import { asError, isPromise } from './call-hook';
import { codeOf, loginTeller } from './login-events';
import type { Outcome } from './outcome';
import { hintAtUnreadFailure } from './unread-failure-hint';

/** What Passport gives a strategy to say how a request ends. */
export interface Actions {
  success(user: object, info?: unknown): unknown;
  fail(info?: unknown, status?: number): unknown;
  redirect(url: string, status?: number): unknown;
  pass(): unknown;
  error(error: unknown): unknown;
}

/** A request, as far as its outcome goes. */
export interface Delivery {
  actions: Actions;
  /** What the actions are called on: the strategy, as the request sees it. */
  self: object;
  /** The strategy's name. */
  strategy: string;
  /** When the request came; undefined if nothing subscribed to login events. */
  startedAt: number | undefined;
  /** The options of `passport.authenticate`; undefined if no user is waiting for the outcome. */
  options?: object | null | undefined;
}

/**
 * Tells Passport the outcome of a request. If the app's callback throws, or returns a promise that rejects, that error is
 * reported in its place. Passport returns what the callback returns from `success` and `error`, but not from `fail`.
 */
export function deliver(request: Delivery, outcome: Outcome): void {
  const [kind, ...told] = outcome;
  const tell = loginTeller(request.strategy, request.startedAt, outcome);
  const failed = (reason: unknown): void => {
    if (kind === 'error') warnUnreported(told[0]);
    else deliver(request, ['error', asError(reason, `The ${kind} of the login`)]);
  };
  try {
    const returned: unknown = Reflect.apply(request.actions[kind], request.self, told);
    if (returned && isPromise(returned)) returned.then(undefined, failed);
  } catch (reason) {
    return failed(reason);
  }
  tell?.();
  if (kind === 'fail') hintAtUnreadFailure(request.options, told[0]);
}

/**
 * Warns that an error did not reach the app. Throwing it on would end the process, and with it all other requests, each
 * time that Criteo cannot be reached. What the app threw is not shown: it may carry a secret.
 */
function warnUnreported(told: unknown): void {
  const message =
    `The callback given to passport.authenticate threw or rejected while it was told the error ` +
    `${codeOf(told) ?? 'of a login'}, so the request may never get a response. Most likely the callback is async and throws ` +
    'its first argument. Let it pass errors on: if (error) return next(error).';
  process.emitWarning(message, { code: 'CRITEO_CALLBACK_FAILED' });
}
