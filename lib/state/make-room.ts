import { PendingLoginError } from '../errors';

/** What making room needs to know of a pending login. */
export interface Occupant {
  /** In milliseconds since the epoch. */
  startedAt: number;
  /** Whether another site's page started it. */
  crossSite: boolean;
  /** In bytes. */
  size: number;
}

/**
 * Chooses the pending logins that must go so that `added` fits: those that another site's page started, then the oldest.
 * Of two that started in the same millisecond, the first one of the list goes.
 *
 * @throws {PendingLoginError} too_many_logins – a login that another site's page starts takes no place of one that the
 *   user started on this site. Otherwise a hostile page could end it by sending the browser to the login route again and
 *   again.
 */
export function makeRoom<Login extends Occupant>(
  pending: readonly Login[],
  added: Pick<Occupant, 'crossSite' | 'size'>,
  { limit, bytes }: { limit: number; bytes: number },
): Login[] {
  let count = pending.length + 1;
  let size = pending.reduce((sum, each) => sum + each.size, added.size);
  const order = [...pending].sort((a, b) => Number(b.crossSite) - Number(a.crossSite) || a.startedAt - b.startedAt);
  const leaving: Login[] = [];
  for (const each of order) {
    if (count <= limit && size <= bytes) break;
    if (added.crossSite && !each.crossSite) throw new PendingLoginError('too_many_logins', tooMany);
    leaving.push(each);
    count -= 1;
    size -= each.size;
  }
  return leaving;
}

const tooMany =
  'This browser has as many pending logins as are kept, all of them started on this site. A login that is started by a ' +
  "link on another site does not take their place. Start the login on one of this site's own pages.";
