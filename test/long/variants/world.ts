import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  type ConsentEvent,
  CookieStateStore,
  CriteoClient,
  type CriteoProfile,
  CriteoStrategy,
  consentCallback,
  createConsentURL,
  type Login,
  type TokenSet,
  TokenSource,
  type TokenSourceOptions,
} from '../../../lib/index';
import { createSandbox, type Sandbox } from '../../../lib/sandbox';
import { Jar, linesOf, newResponse, secret } from '../../support/cookie-store';
import { authenticate, type Outcome } from '../../support/passport';
import { locationOf, successOf } from '../../support/strategy';
import { promised } from './promises';
import type { Row } from './rows';

/** How a behaviour of the library is tried: in a world of its own. */
export type Behaviours = Readonly<Record<string, (world: World) => Promise<void>>>;

export const minute = 60_000;
export const day = 86_400_000;

export type Purpose = 'authenticate' | 'authorize';

/** A user's browser: it keeps a session and cookies, and comes back with them. */
export class Browser {
  session: object = {};
  jar = new Jar();
  /** Who is signed in at the app. */
  user: object | undefined;

  /** Opens one of the app's two routes of a login. */
  async open(strategy: object, query: object, options: object = {}): Promise<Outcome> {
    const res = newResponse();
    const session = structuredClone(this.session);
    const request = { method: 'GET', headers: { cookie: this.jar.header }, res, session, query };
    const outcome = await authenticate(strategy, { ...request, ...(this.user && { user: this.user }) }, options);
    this.session = session;
    this.jar.take(linesOf(res));
    return outcome;
  }

  /** A browser with what this one has now. */
  copy(): Browser {
    const other = Object.assign(new Browser(), { session: structuredClone(this.session), user: this.user });
    for (const [name, value] of this.jar.cookies) other.jar.cookies.set(name, value);
    return other;
  }
}

/** What differs from a login by session that succeeds. */
export interface LoginChoice {
  readonly strategy?: CriteoStrategy;
  readonly browser?: Browser;
  readonly purpose?: Purpose;
  readonly user?: string;
  readonly advertisers?: readonly string[];
}

/** A clock that the sandbox and the token source share. It can be moved, and stopped. */
class WorldClock {
  #ahead = 0;
  #stoppedAt: number | undefined;

  readonly now = (): number => this.#stoppedAt ?? Date.now() + this.#ahead;

  pass(milliseconds: number): void {
    if (this.#stoppedAt === undefined) this.#ahead += milliseconds;
    else this.#stoppedAt += milliseconds;
  }

  /** Stops it so many milliseconds before a minute ends. */
  stop(before: number): void {
    this.#stoppedAt = Math.ceil((this.now() + before) / minute) * minute - before;
  }
}

/** A sandbox in which the unknown facts have turned out as a row has them, and an app that uses the library. */
export class World {
  readonly clock = new WorldClock();
  /** The consent events that the app was told. */
  readonly events: ConsentEvent[] = [];
  readonly service: Row['service'];
  /** The path of the portfolio. */
  readonly path: string;
  /** Where the app is reached. */
  appURL = '';
  #sandbox: Sandbox | undefined;
  #server: http.Server | undefined;

  private constructor(readonly row: Row) {
    this.service = row.service;
    this.path = row.service === 'retail-media' ? '/2026-07/retail-media/accounts' : '/2026-07/advertisers/me';
  }

  static async open(row: Row): Promise<World> {
    const world = new World(row);
    let receive: http.RequestListener = () => {};
    const server = http.createServer((req, res) => receive(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    world.#server = server;
    world.appURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    world.#sandbox = await createSandbox({
      now: world.clock.now,
      rateLimit: true,
      variants: variantsOf(row),
      users: [
        { name: 'Ada', advertisers: 12, accounts: 12 },
        { name: 'Ben', advertisers: 12, accounts: 12 },
        { name: 'Cleo', advertisers: 2, accounts: 2 },
        { name: 'Dan', advertisers: 60, accounts: 60 },
      ],
      app: {
        pkce: row.pkce === 'on',
        service: row.service,
        callbackURL: `${world.appURL}/consent`,
        keys: [1, 2].map((number) => ({ clientID: `client-${number}`, clientSecret: `secret+of/client=${number}` })),
      },
    });
    const callback = consentCallback({
      secret: world.sandbox.app.signingSecret,
      onConsent: (event) => void world.events.push(event),
    });
    receive = callback;
    return world;
  }

  get sandbox(): Sandbox {
    if (!this.#sandbox) throw new Error('The world is not open');
    return this.#sandbox;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await this.#sandbox?.close();
  }

  /** The app's credentials, with the secret unless the app leaves it out. */
  get credentials(): { clientID: string; clientSecret?: string } {
    const { clientID, clientSecret } = this.sandbox.app;
    const choices: readonly string[] = promised(this.row, 'pkceSecret');
    const choice = choices.includes(this.row.secret) ? this.row.secret : choices[0];
    return this.row.pkce === 'on' && choice === 'left out' ? { clientID } : { clientID, clientSecret };
  }

  client(credentials: { clientID: string; clientSecret?: string } = this.credentials): CriteoClient {
    const { apiURL, tokenURL } = this.sandbox.endpoints;
    return new CriteoClient({ ...credentials, apiURL, tokenURL });
  }

  strategy(options: object = {}): CriteoStrategy {
    const all = {
      ...this.credentials,
      ...this.sandbox.endpoints,
      pkce: this.row.pkce === 'on',
      service: this.service,
      callbackURL: `${this.appURL}/callback`,
      verify: (login: Login) => login,
      ...options,
    };
    return Reflect.construct(CriteoStrategy, [all]) as CriteoStrategy;
  }

  source(options: Partial<TokenSourceOptions> = {}): TokenSource {
    return new TokenSource({ client: this.client(), now: this.clock.now, ...options });
  }

  /** The ids of all that a user can share. */
  ids(user = 'Ada'): string[] {
    const found = this.sandbox.users.find(({ name }) => name === user);
    return (found?.[this.service === 'retail-media' ? 'accounts' : 'advertisers'] ?? []).map(({ id }) => id);
  }

  /** Does at Criteo what a user does. Returns where the user comes back to; undefined if Criteo shows an error page. */
  async decide(
    decision: 'approve' | 'deny',
    consentURL: URL | string,
    choice: { user?: string; advertisers?: readonly string[] } = {},
  ): Promise<URL | undefined> {
    try {
      return new URL(await this.sandbox[decision](consentURL, choice));
    } catch (error) {
      if (/^(There is no consent page|The decision led to no redirect)/.test(String(Object(error).message))) return;
      throw error;
    }
  }

  /** Runs a whole login. Returns undefined if Criteo shows an error page, so that the user does not come back. */
  async login(choice: LoginChoice = {}): Promise<Outcome | undefined> {
    const { strategy = this.strategy(), browser = new Browser(), purpose = 'authenticate', ...decided } = choice;
    const options = optionsOf(purpose);
    const started = locationOf(await browser.open(strategy, {}, options));
    const back = await this.decide('approve', started, decided);
    return back && browser.open(strategy, queryOf(back), options);
  }

  /** Connects the account of a user, as an app does that stores what it gets. */
  async connect(choice: LoginChoice = {}): Promise<TokenSet> {
    const outcome = await this.login({ ...choice, purpose: 'authorize' });
    if (!outcome) throw new Error('Criteo showed an error page');
    return (successOf(outcome).user as Login).tokens;
  }

  /** Lets the minute pass for which a portfolio may be empty. */
  afterTheMinute(): void {
    this.clock.pass(minute + 1);
  }

  /** Returns the ids of a portfolio, or the code of the error. */
  async portfolio(accessToken: string): Promise<string[] | string> {
    const strategy = this.strategy();
    return new Promise((resolve) => {
      strategy.userProfile(accessToken, (error, profile) =>
        resolve(profile ? idsOf(profile) : String(Object(error).code)),
      );
    });
  }

  /** Signs a consent URL as the connector. */
  consentURL(state: string, age = 0): string {
    const { signingKey, signingSecret } = this.sandbox.app;
    return createConsentURL({
      key: signingKey,
      secret: signingSecret,
      state,
      redirectURI: `${this.appURL}/done`,
      timestamp: new Date(this.clock.now() - age),
      consentURL: this.sandbox.endpoints.authorizationURL,
    });
  }

  /** How many token requests there were with this grant. */
  tokenRequests(grant: string): number {
    return this.sandbox.requests.filter(({ form }) => form['grant_type'] === grant).length;
  }
}

function variantsOf({ pkce: _, service: _service, secret: _secret, ...variants }: Row) {
  return variants;
}

export function queryOf(url: URL): Record<string, string> {
  return Object.fromEntries(url.searchParams);
}

/** The options of a route: with `assignProperty`, Passport says that it is `authorize`. */
export function optionsOf(purpose: Purpose, state?: unknown): object {
  const own = state === undefined ? {} : { state };
  return purpose === 'authorize' ? { ...own, assignProperty: 'account' } : own;
}

export function idsOf({ advertisers, accounts }: CriteoProfile): string[] {
  return [...advertisers, ...accounts].map(({ id }) => id);
}

/** A store of pending logins in encrypted cookies. */
export function cookies(): CookieStateStore {
  return new CookieStateStore({ secret });
}

/** Returns `works`, or the code of the error. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'works',
    (error: unknown) => String(Object(error).code),
  );
}

/** Returns the ids that a response of the API lists. */
export async function listed(response: Response): Promise<string[]> {
  const text = await response.text();
  expect(response.status, text).to.equal(200);
  const { data } = JSON.parse(text) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

/** Expects a portfolio to be what is promised: a word, or all the ids. */
export function expectPortfolio(found: string[] | string, seen: string, ids: string[]): void {
  expect(found).to.deep.equal(seen === 'the whole portfolio' ? ids : seen);
}
