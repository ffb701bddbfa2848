import { expect } from 'chai';
import fc from 'fast-check';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy, type Login, SessionStateStore } from '../../lib/index';
import { Jar } from '../support/cookie-store';
import { app as credentials } from '../support/strategy';

// A few seconds; for a long run: SIMULATED_RUNS=20000 npx mocha … test/long/concurrent-logins.test.ts
const RUNS = Number(process.env['SIMULATED_RUNS'] ?? 250);

/** What happens in one login. */
interface Plan {
  strategy: number;
  given: 'by name' | 'as an instance';
  purpose: 'authenticate' | 'authorize';
  /** Whether the app passes a callback function to Passport. */
  callback: boolean;
  signedIn: boolean;
  /** The number of callback requests. */
  callbacks: number;
  declined: boolean;
  token: 'granted' | 'refused' | 'broken';
  profile: 'found' | 'broken';
  verify: 'finds a user' | 'finds none' | 'throws';
}

/** How one request ended, as the app sees it. */
interface Result {
  kind: 'redirect' | 'success' | 'fail' | 'error';
  location?: URL;
  /** The user, or the account of passport.authorize. */
  user?: unknown;
  /** The value of `req.user` at the end. */
  signedIn?: unknown;
  state?: unknown;
  status?: number;
  code?: unknown;
  message?: string;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  strategy: fc.nat(2),
  given: fc.constantFrom('by name', 'as an instance'),
  purpose: fc.constantFrom('authenticate', 'authorize'),
  callback: fc.boolean(),
  signedIn: fc.boolean(),
  callbacks: fc.constantFrom(1, 1, 2, 3),
  declined: fc.constantFrom(false, false, false, true),
  token: fc.constantFrom('granted', 'granted', 'refused', 'broken'),
  profile: fc.constantFrom('found', 'found', 'broken'),
  verify: fc.constantFrom('finds a user', 'finds a user', 'finds none', 'throws'),
});

/** A user with one browser who logs in once. */
class User {
  readonly jar = new Jar();
  sid: string | undefined;
  /** The number of token requests with the code of this login. */
  exchanges = 0;
  readonly user: { id: string } | undefined;

  constructor(
    readonly number: number,
    readonly plan: Plan,
  ) {
    this.user = plan.signedIn ? { id: `member-${number}` } : undefined;
  }
}

/** An app with three strategies. The scheduler decides when sessions, token endpoint, portfolio and `verify` respond. */
class App {
  readonly #passport = new passport.Passport();
  readonly #sessions = new Map<string, string>();
  readonly #strategies: CriteoStrategy[];
  #ids = 0;

  constructor(
    readonly users: User[],
    readonly scheduler: fc.Scheduler,
  ) {
    this.#passport.serializeUser((user, done) => done(null, Object(user).id));
    const stores = [undefined, new CookieStateStore({ secret: 'x'.repeat(32) }), new SessionStateStore({ key: 'own' })];
    this.#strategies = stores.map((store, at) => this.#strategy(at, store));
    for (const [at, strategy] of this.#strategies.entries()) this.#passport.use(`criteo-${at}`, strategy);
  }

  #wait(what: string): Promise<unknown> {
    return this.scheduler.schedule(Promise.resolve(), what);
  }

  #userOf(name: string): User {
    const user = this.users[Number(/\d+$/.exec(name))];
    if (!user) throw new Error(`there is no user for ${name}`);
    return user;
  }

  #strategy(at: number, store: object | undefined): CriteoStrategy {
    const app = this;
    /** The action of the request that each code belongs to. */
    const actions = new Map<string, unknown>();
    class Own extends CriteoStrategy {
      get oauth2() {
        return this._oauth2;
      }
      override authenticate(...args: Parameters<CriteoStrategy['authenticate']>): void {
        const { success } = this as { success?: unknown };
        actions.set(String(args[0].query['code']).replace('code', 'access'), success);
        super.authenticate(...args);
      }
      override userProfile(accessToken: string, done: (error?: unknown, profile?: never) => void): void {
        const { plan, number } = app.#userOf(accessToken);
        void app.#wait('profile').then(() => {
          // The hook still sees the actions of its own request.
          const { success } = this as { success?: unknown };
          if (plan.callbacks === 1) expect(success).to.equal(actions.get(accessToken));
          if (plan.profile === 'broken') done(new Error(`profile ${number}`));
          else done(null, { id: `profile-${number}` } as never);
        }, done);
      }
    }
    const strategy = new Own({
      ...credentials,
      name: `criteo-${at}`,
      clientID: `client-${at}`,
      store: store as never,
      verify: async ({ tokens, profile, req, state }: Login) => {
        await app.#wait('verify');
        const { number, plan } = app.#userOf(tokens.accessToken);
        expect(Object(req).sender).to.equal(number);
        expect(state).to.deep.equal({ login: number });
        if (plan.profile === 'found') expect(profile).to.deep.equal({ id: `profile-${number}` });
        if (plan.verify === 'throws') throw new Error(`verify ${number}`);
        return plan.verify === 'finds a user' ? { id: `user-${number}` } : false;
      },
    });
    strategy.oauth2.getOAuthAccessToken = (code: string, ...rest: unknown[]) => {
      const done = rest.pop() as (...args: unknown[]) => void;
      const user = app.#userOf(code);
      user.exchanges += 1;
      void app.#wait('token').then(() => {
        const { plan, number } = user;
        if (plan.token === 'refused') done({ statusCode: 400, data: '{"error":"invalid_grant"}' });
        else if (plan.token === 'broken') done(new Error(`token ${number}`));
        else done(null, `access-${number}`, `refresh-${number}`, { expires_in: 900 });
      });
    };
    return strategy;
  }

  /** Makes a session like express-session: a copy of the stored one, which is written when it is saved. */
  #session(request: { session?: object; sid: string }): object {
    const { sid } = request;
    const session: object = JSON.parse(this.#sessions.get(sid) ?? '{}');
    const save = async (done: () => void): Promise<void> => {
      const text = JSON.stringify(session);
      await this.#wait('session saves');
      this.#sessions.set(sid, text);
      done();
    };
    const regenerate = async (done: () => void): Promise<void> => {
      await this.#wait('session regenerates');
      this.#sessions.delete(sid);
      request.sid = `session-${this.#ids++}`;
      request.session = this.#session(request);
      done();
    };
    return Object.defineProperties(session, { save: { value: save }, regenerate: { value: regenerate } });
  }

  /** Sends a request. Returns its outcomes after the session is saved. */
  async #send(sender: User, query: object, options: object): Promise<Result[]> {
    const { plan, jar } = sender;
    await this.#wait('request');
    const results: Result[] = [];
    const headers = new Map<string, unknown>();
    const req: Record<string, unknown> & { sid: string; session?: object } = {
      method: 'GET',
      query,
      headers: { cookie: jar.header },
      sender: sender.number,
      sid: sender.sid ?? `session-${this.#ids++}`,
      ...(sender.user ? { user: sender.user } : {}),
    };
    req.session = this.#session(req);
    return new Promise((resolve) => {
      const end = async (result: Result): Promise<void> => {
        results.push({ ...result, signedIn: req['user'] });
        if (results.length > 1) return;
        jar.take([headers.get('set-cookie') ?? []].flat().map(String));
        await new Promise<void>((saved) => Reflect.apply(Object(req.session).save, undefined, [saved]));
        sender.sid = req.sid;
        resolve(results);
      };
      const res = {
        statusCode: 200,
        getHeader: (name: string) => headers.get(name.toLowerCase()),
        setHeader: (name: string, value: unknown) => headers.set(name.toLowerCase(), value),
        end: () => {
          const location = headers.get('location');
          if (location) void end({ kind: 'redirect', location: new URL(String(location)) });
          else void end({ kind: 'fail', status: res.statusCode });
        },
      };
      req['res'] = res;
      const next = (error?: unknown): void => {
        const state = Object(req['authInfo']).state;
        const user = plan.purpose === 'authorize' ? req['account'] : req['user'];
        if (error) void end({ kind: 'error', code: Object(error).code, message: Object(error).message });
        else void end({ kind: 'success', user, state });
      };
      const callback = (error: unknown, user: unknown, info: unknown): void => {
        const { code, state } = Object(info);
        if (error) next(error);
        else if (user) void end({ kind: 'success', user, state });
        else void end({ kind: 'fail', code, state });
      };
      const name = `criteo-${plan.strategy}`;
      const strategy = plan.given === 'by name' ? name : this.#strategies[plan.strategy];
      const args = plan.callback ? [strategy, options, callback] : [strategy, options];
      const handler = Reflect.apply(this.#passport[plan.purpose], this.#passport, args);
      handler(req, res, next);
    });
  }

  /** Logs a user in, and expects the outcome, user, tokens and state of this login. */
  async login(user: User): Promise<void> {
    const { number, plan } = user;
    const [started, ...others] = await this.#send(user, {}, { state: { login: number } });
    expect(others).to.deep.equal([]);
    expect(started?.kind, JSON.stringify(started)).to.equal('redirect');
    const { searchParams } = started?.location ?? new URL('none:');
    expect(searchParams.get('client_id')).to.equal(`client-${plan.strategy}`);

    const outcome = plan.declined ? { error: 'access_denied' } : { code: `code-${number}` };
    const query = { ...outcome, state: searchParams.get('state') };
    const outcomes = await Promise.all(Array.from({ length: plan.callbacks }, () => this.#send(user, query, {})));
    for (const all of outcomes) expect(all, 'one outcome for each callback').to.have.length(1);
    const results = outcomes.flat();

    const wanted = expected(user);
    // Repeated callbacks come too late and find no login. One of the others finishes it.
    const isLate = ({ kind, code, status }: Result): boolean =>
      kind === 'fail' && (plan.callback ? code === 'state_unknown' : status === 403);
    const [own, ...more] = results.filter((result) => !isLate(result));
    expect(own, JSON.stringify(results)).to.deep.include(wanted);
    if (!plan.declined) expect(more).to.deep.equal([]);
    const signsIn = own?.kind === 'success' && plan.purpose === 'authenticate' && !plan.callback;
    expect(own?.signedIn).to.deep.equal(signsIn ? { id: `user-${number}` } : user.user);
    expect(user.exchanges).to.equal(plan.declined ? 0 : 1);
  }
}

/** Returns the expected outcome of a login. */
function expected({ number, plan }: User): Partial<Result> {
  const state = { login: number };
  const failed = (code: string): Partial<Result> =>
    plan.callback ? { kind: 'fail', code, state } : { kind: 'fail', status: 401 };
  if (plan.declined) return failed('access_denied');
  if (plan.token === 'refused') return { kind: 'error', code: 'invalid_grant' };
  if (plan.token === 'broken') return { kind: 'error', message: 'Failed to obtain access token' };
  if (plan.profile === 'broken' && plan.purpose === 'authenticate')
    return { kind: 'error', message: `profile ${number}` };
  if (plan.verify === 'throws') return { kind: 'error', message: `verify ${number}` };
  if (plan.verify === 'finds none') return failed('login_refused');
  return { kind: 'success', user: { id: `user-${number}` }, state };
}

describe('Many logins at once', () => {
  it('each end with their own outcome, user, tokens and state, in whatever order they are processed', async function () {
    this.timeout(0);
    await fc.assert(
      fc.asyncProperty(fc.array(plans, { minLength: 2, maxLength: 6 }), fc.scheduler(), async (all, scheduler) => {
        const users = all.map((plan, number) => new User(number, plan));
        const app = new App(users, scheduler);
        let open = users.length;
        const logins = users.map((user) => app.login(user).finally(() => open--));
        const together = Promise.all(logins);
        together.catch(() => {});
        do {
          await scheduler.waitIdle();
          await new Promise(setImmediate);
        } while (scheduler.count() > 0);
        expect(open, 'requests without an outcome').to.equal(0);
        await together;
      }),
      { numRuns: RUNS },
    );
  });
});
