import type { CriteoStrategy, Login } from 'passport-criteo';

/** How the strategy ended a request: the five actions that Passport gives it. */
export type StrategyOutcome =
  | { readonly kind: 'success'; readonly login: Login }
  | { readonly kind: 'fail'; readonly code: string; readonly message: string; readonly status: number | undefined }
  | { readonly kind: 'error'; readonly error: Error }
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'pass' };

/**
 * Runs a request through the strategy as Passport does: on an object that inherits from it, with the five actions. The
 * strategy's `verify` must return the login.
 */
export function driveStrategy(strategy: CriteoStrategy, request: object): Promise<StrategyOutcome> {
  return new Promise((resolve) => {
    const actions = {
      success: (login: Login) => resolve({ kind: 'success', login }),
      fail: (info: unknown, status?: number) => {
        const { code, message } = Object(info) as { code?: unknown; message?: unknown };
        resolve({ kind: 'fail', code: String(code ?? 'unknown'), message: String(message ?? info), status });
      },
      error: (reason: unknown) =>
        resolve({ kind: 'error', error: reason instanceof Error ? reason : new Error(String(reason)) }),
      redirect: (url: string) => resolve({ kind: 'redirect', url }),
      pass: () => resolve({ kind: 'pass' }),
    };
    const running: { authenticate(request: object, options: object): void } = Object.assign(
      Object.create(strategy),
      actions,
    );
    running.authenticate(request, {});
  });
}
