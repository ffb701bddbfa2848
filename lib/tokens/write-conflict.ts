import { newVersion, type StoredTokenSet, withoutUndefined } from './stored-tokens';

/**
 * Decides what to store if the store has changed between the read before a refresh and the write after it.
 *
 * - The record was deleted: it stays deleted.
 * - It still has the refresh token that this refresh used: ours is its successor and must not be lost, so it is written,
 *   with the newer one of the two access tokens. A mark that the connection has ended is outdated.
 * - It has another refresh token of the same consent, because two processes refreshed at once: the later request wins. A
 *   mark that the connection has ended says nothing of its token.
 * - It comes from another consent: that stands.
 *
 * @param stored what the store holds now.
 * @param used what this refresh started from.
 * @param ours what Criteo returned, ready to be stored.
 * @returns what to store; `undefined` if what is stored stands.
 */
export function reconcile(
  stored: StoredTokenSet | undefined,
  used: StoredTokenSet | undefined,
  ours: StoredTokenSet,
): StoredTokenSet | undefined {
  if (!stored || (stored.clientID !== undefined && stored.clientID !== ours.clientID)) return undefined;
  const hasEnded = stored.reauthorizeSince !== undefined;
  const isNewer = ours.obtainedAt > stored.obtainedAt;
  if (stored.refreshToken === used?.refreshToken) {
    if (hasEnded || isNewer)
      return { ...ours, ...withoutUndefined({ connectedAt: stored.connectedAt }), version: newVersion() };
    if (ours.refreshToken === stored.refreshToken) return undefined;
    const { refreshToken, refreshTokenObtainedAt } = ours;
    return { ...stored, ...withoutUndefined({ refreshToken, refreshTokenObtainedAt }), version: newVersion() };
  }
  const isSibling = stored.connectedAt === ours.connectedAt;
  return isSibling && isNewer ? { ...ours, version: newVersion() } : undefined;
}

/** Returns true if the store holds what was to be written, though the write seemed to fail. */
export function hasLanded(stored: StoredTokenSet, written: StoredTokenSet): boolean {
  const { version, accessToken, refreshToken, reauthorizeSince } = stored;
  if (version !== undefined && written.version === version) return true;
  return accessToken === written.accessToken && refreshToken === written.refreshToken && reauthorizeSince === undefined;
}
