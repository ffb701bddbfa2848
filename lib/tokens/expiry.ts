import { refreshTokenExpiresAt } from './connection-status';
import { tell } from './hooks';
import type { TokenSourceOptions } from './options';
import type { StoredTokenSet } from './stored-tokens';

/** Returns true if the end of the refresh token is no more than so many milliseconds away. */
export function isExpiring(tokens: StoredTokenSet, now: number, within: number | undefined): boolean {
  const expiresAt = refreshTokenExpiresAt(tokens);
  return within !== undefined && expiresAt !== undefined && expiresAt - now <= within;
}

/** Calls the hook if the tokens that were stored are the first ones that say so. */
export function announce(
  hook: TokenSourceOptions['onExpiring'],
  key: string,
  stored: StoredTokenSet,
  base: StoredTokenSet | undefined,
): void {
  const expiresAt = refreshTokenExpiresAt(stored);
  if (!hook || !stored.expiryAnnounced || base?.expiryAnnounced || expiresAt === undefined) return;
  tell('onExpiring', () => hook(key, { expiresAt }));
}
