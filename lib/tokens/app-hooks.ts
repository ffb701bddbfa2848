import { foreignCause } from '../util/foreign-cause';
import { refreshTokenExpiresAt } from './connection-status';
import type { TokenSourceOptions } from './options';
import type { StoredTokenSet } from './stored-tokens';

/**
 * Calls a hook of the app. Nothing waits for it. If it throws or rejects, there is a process warning with the code
 * `CRITEO_HOOK_FAILED`.
 */
export function callAppHook(name: string, call: () => unknown): void {
  (async () => call())().catch((reason: unknown) => {
    process.emitWarning(`The hook ${name} of a TokenSource failed`, {
      code: 'CRITEO_HOOK_FAILED',
      detail: String(foreignCause(reason)),
    });
  });
}

/** Calls `onExpiring` if the stored tokens are the first ones with the mark that their refresh token expires soon. */
export function announceExpiry(
  hook: TokenSourceOptions['onExpiring'],
  key: string,
  stored: StoredTokenSet,
  before: StoredTokenSet | undefined,
): void {
  const expiresAt = refreshTokenExpiresAt(stored);
  if (!hook || !stored.expiryAnnounced || before?.expiryAnnounced || expiresAt === undefined) return;
  callAppHook('onExpiring', () => hook(key, { expiresAt }));
}
