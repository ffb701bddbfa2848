import type { App } from './apps';
import type { Consent } from './consent';

const minute = 60_000;
/** Criteo's limits of calls a minute: client-credentials apps, and authorization-code apps for each account. */
const appLimit = 250;
const accountLimit = 10;

interface Count {
  readonly app: App;
  readonly window: number;
  spent: number;
}

/** Who spends from one limit: the app itself, a user for the app, or one consent. */
type Spender = App | Consent | string;

/** Counts API calls a minute. The counting windows start with whole minutes. */
export class RateLimits {
  readonly #counts = new Map<Spender, Count>();

  /**
   * Counts one call.
   * @param consent undefined: a call with the app's own token
   * @param accounts how many accounts the user has granted the app
   */
  spend(
    app: App,
    consent: Consent | undefined,
    accounts: number,
  ): { limit: number; left: number; reset: number; exceeded: boolean } {
    const window = Math.floor(app.clock.now() / minute);
    const perAccount = app.switches.get('loginRateLimit') === 'per-account';
    const limit = consent ? accountLimit * (perAccount ? Math.max(1, accounts) : 1) : appLimit;
    const spender = consent && perAccount ? `${app.clientID} ${consent.user.id}` : (consent ?? app);
    let count = this.#counts.get(spender);
    if (count?.window !== window) {
      this.#forgetOld(window);
      count = { app, window, spent: 0 };
      this.#counts.set(spender, count);
    }
    count.spent += 1;
    const { spent } = count;
    return { limit, left: Math.max(0, limit - spent), reset: (window + 1) * minute, exceeded: spent > limit };
  }

  /** How many counts are kept. */
  get size(): number {
    return this.#counts.size;
  }

  /** Forgets the calls of one app, or all. */
  forget(app?: App): void {
    for (const [spender, count] of this.#counts) {
      if (app === undefined || count.app === app) this.#counts.delete(spender);
    }
  }

  /** Keeps the counts of this minute only, once there are many. */
  #forgetOld(window: number): void {
    if (this.#counts.size < 1_000) return;
    for (const [spender, count] of this.#counts) if (count.window !== window) this.#counts.delete(spender);
  }
}

/** @param reset milliseconds since the epoch; on the wire it is seconds */
export function rateHeaders(limit: number, left: number, reset: number): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(left),
    'x-ratelimit-reset': String(Math.ceil(reset / 1000)),
  };
}
