import { CriteoClient } from '../../lib/criteo/client';
import type { TokenSet } from '../../lib/criteo/token-set';
import type { Sandbox } from '../../lib/sandbox';
import { Connections } from '../../lib/tokens/connections';
import { readOptions, type TokenSourceOptions } from '../../lib/tokens/options';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { TokenSource } from '../../lib/tokens/token-source';
import { login, opener as sandboxOpener, start } from '../sandbox/support';
import { VirtualTime } from '../support/simulation/virtual-time';

export { start };

export const MINUTE = 60_000;
export const DAY = 86_400_000;
/** The life of Criteo's access tokens. */
export const LIFE = 15 * MINUTE;

/** A sandbox, a client and a store, all with one clock that stands still until it is moved. */
export interface World {
  sandbox: Sandbox;
  client: CriteoClient;
  store: Map<string, StoredTokenSet>;
  now(): number;
  /** Moves the clock of the sandbox and of the sources alike. */
  pass(milliseconds: number): void;
  source(options?: Partial<TokenSourceOptions>): TokenSource;
  /** What is inside a source. Its timers run when the test lets `time` run. */
  timed(options?: Partial<TokenSourceOptions>): { connections: Connections; time: VirtualTime };
  /** The tokens of a consent just given. */
  consent(): Promise<TokenSet>;
  /** How many token requests of a grant there were. */
  asked(grant?: string): number;
}

/** Opens worlds that end with the test. */
export function opener(): (options?: { timeout?: number }) => Promise<World> {
  const open = sandboxOpener();
  return async ({ timeout = 10_000 } = {}) => {
    let time = start;
    const now = (): number => time;
    const sandbox = await open({ now });
    const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints, timeout });
    const store = new Map<string, StoredTokenSet>();
    return {
      sandbox,
      client,
      store,
      now,
      pass(milliseconds) {
        time += milliseconds;
      },
      source: (options = {}) => new TokenSource({ client, store, now, ...options }),
      timed(options = {}) {
        const time = new VirtualTime();
        const timers = time.timers({ name: 'the source', isKilled: false, hasEnded: false, frozenUntil: 0 });
        const checked = readOptions({ client, store, now, ...options });
        return { connections: new Connections(checked, timeout, timers), time };
      },
      async consent() {
        const { access, refresh } = await login(sandbox);
        return {
          accessToken: access,
          tokenType: 'Bearer',
          obtainedAt: time,
          expiresAt: time + LIFE,
          refreshToken: refresh,
        };
      },
      asked: (grant = 'refresh_token') =>
        sandbox.requests.filter(({ path, form }) => path === '/oauth2/token' && form['grant_type'] === grant).length,
    };
  };
}

/** The part of a record that Criteo sent. */
export function bare(record: StoredTokenSet | undefined): TokenSet | undefined {
  if (!record) return undefined;
  const { accessToken, tokenType, obtainedAt, expiresAt, refreshToken } = record;
  const tokens = { accessToken, tokenType, obtainedAt, expiresAt };
  return refreshToken === undefined ? tokens : { ...tokens, refreshToken };
}

/** A promise and its ends. */
export function gate<T = void>(): { promise: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** Settles when `condition` holds; the test's own timeout ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
