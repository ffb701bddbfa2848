import { expect } from 'chai';
import type { CriteoOAuth2 } from '../../lib/criteo/node-oauth';
import type { CriteoProfile } from '../../lib/criteo/profile';
import { CriteoStrategy } from '../../lib/strategy';
import { authenticate, type Outcome } from './passport';

export const app = {
  clientID: 'client-1',
  clientSecret: 'client+secret',
  callbackURL: 'https://app.example.com/criteo-auth/callback',
};

export const tokens = { access: 'access-token-1', refresh: 'refresh-token-1' };

/** The user that the modern `verify` of tests returns. */
export const user = { id: 'user-1' };

export type Answer = (...args: unknown[]) => void;

/** A strategy without a network: functions replace the token endpoint and the portfolio, and their arguments are recorded. */
export class Stubbed extends CriteoStrategy {
  /** The token requests. */
  readonly asked: { code: string; form: Record<string, string> }[] = [];
  /** The access tokens with which profiles were fetched. */
  readonly profiled: string[] = [];
  token: (answer: Answer) => unknown = (answer) =>
    answer(null, tokens.access, tokens.refresh, { access_token: tokens.access, expires_in: 900 });
  profile: (answer: Answer) => unknown = (answer) => answer(null, { provider: 'criteo', id: '13' });

  get oauth2(): CriteoOAuth2 {
    return this._oauth2;
  }

  /** Replaces the token endpoint by `token`. Returns the same strategy. */
  stub(): this {
    this._oauth2.getOAuthAccessToken = (code: string, ...rest: unknown[]) => {
      const [form, answer] = rest as [Record<string, string>, Answer];
      this.asked.push({ code, form });
      return this.token(answer) as undefined;
    };
    return this;
  }

  override userProfile(accessToken: string, done: (error?: unknown, profile?: CriteoProfile) => void): void {
    this.profiled.push(accessToken);
    return this.profile(done as Answer) as undefined;
  }
}

type Options = ConstructorParameters<typeof CriteoStrategy>[0];

/** Makes a stubbed strategy. The options may have any type, even a wrong one. */
export function stubbed(options: object = {}, verify?: unknown): Stubbed {
  const all = { ...app, ...(verify === undefined ? { verify: () => user } : {}), ...options };
  return (Reflect.construct(Stubbed, [all, verify]) as Stubbed).stub();
}

/** Makes a real strategy. The options may have any type, even a wrong one. */
export function construct(options: object, verify?: unknown): CriteoStrategy {
  return Reflect.construct(CriteoStrategy, [options as Options, verify]) as CriteoStrategy;
}

/** A visitor, whose requests share a session. The session is stored as JSON between two requests. */
export class Visitor {
  session: Record<string, unknown> = {};
  user: unknown;

  request(parts: object = {}): object {
    this.session = JSON.parse(JSON.stringify(this.session));
    return { method: 'GET', headers: {}, session: this.session, ...(this.user ? { user: this.user } : {}), ...parts };
  }

  /** Starts a login. Returns the URL of the redirect. */
  async begin(strategy: object, options: unknown = {}, parts: object = {}): Promise<URL> {
    return locationOf(await authenticate(strategy, this.request({ query: {}, ...parts }), options));
  }

  /** Starts a login. Returns its state. */
  async handle(strategy: object, options: unknown = {}): Promise<string> {
    return (await this.begin(strategy, options)).searchParams.get('state') ?? '';
  }

  /** Sends the callback of a login. */
  finish(strategy: object, query: object, options: unknown = {}): Promise<Outcome> {
    return authenticate(strategy, this.request({ query }), options);
  }

  /** Runs a whole login. */
  async login(strategy: object, options: unknown = {}): Promise<Outcome> {
    return this.finish(strategy, { code: 'code-1', state: await this.handle(strategy, options) });
  }

  /** Returns the states of the pending logins in the session. */
  pending(key = 'criteo'): string[] {
    return Object.keys(Object(this.session[key]));
  }
}

/** Returns the URL of a redirect. */
export function locationOf({ kind, args }: Outcome): URL {
  expect(kind, String(args[0])).to.equal('redirect');
  return new URL(String(args[0]));
}

/** Returns the `info` and the status of a failed login. */
export function failureOf({ kind, args }: Outcome): Record<string, unknown> & { status: unknown } {
  expect(kind, String(args[0])).to.equal('fail');
  return { ...Object(args[0]), status: args[1] };
}

/** Returns the error of a login. */
export function errorOf({ kind, args }: Outcome): Error & Record<string, unknown> {
  expect(kind).to.equal('error');
  expect(args).to.have.length(1);
  expect(args[0]).to.be.instanceOf(Error);
  return Object(args[0]);
}

/** Returns the user and the `info` of a successful login. */
export function successOf({ kind, args }: Outcome): { user: unknown; info: unknown } {
  expect(kind, String(args[0])).to.equal('success');
  return { user: args[0], info: args[1] };
}

/** Freezes an object and all objects in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
