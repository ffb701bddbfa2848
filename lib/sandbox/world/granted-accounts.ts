import type { SandboxUser } from '../types';
import type { App } from './apps';
import type { Consent } from './consent';

/** By id: in how many consents it is. */
type Counts = Map<string, number>;

/**
 * Counts what users have granted apps by logins that were not revoked on the dashboard. Each API call asks for it: going
 * through 10,000 consents of 1,000 advertisers took 10 seconds.
 */
export class GrantedAccounts {
  readonly #byApp = new WeakMap<App, WeakMap<SandboxUser, Counts>>();

  add({ app, user, kind, shared }: Consent): void {
    if (kind !== 'login') return;
    const counts = this.#countsOf(app, user);
    for (const { id } of shared) counts.set(id, (counts.get(id) ?? 0) + 1);
  }

  /** Takes back a consent; one that was revoked on the dashboard was taken back then. */
  remove({ app, user, kind, shared, revoked }: Consent): void {
    if (kind !== 'login' || revoked === 'dashboard') return;
    const counts = this.#countsOf(app, user);
    for (const { id } of shared) {
      const left = (counts.get(id) ?? 0) - 1;
      if (left > 0) counts.set(id, left);
      else counts.delete(id);
    }
  }

  /** Returns how many different ids a user has granted an app. */
  count(app: App, user: SandboxUser): number {
    return this.#byApp.get(app)?.get(user)?.size ?? 0;
  }

  #countsOf(app: App, user: SandboxUser): Counts {
    const byUser = this.#byApp.get(app) ?? new WeakMap<SandboxUser, Counts>();
    this.#byApp.set(app, byUser);
    const counts = byUser.get(user) ?? new Map<string, number>();
    byUser.set(user, counts);
    return counts;
  }
}
