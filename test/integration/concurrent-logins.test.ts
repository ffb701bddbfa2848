import { expect } from 'chai';
import fc from 'fast-check';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy, type Login, SessionStateStore } from '../../lib/index';
import { Jar } from '../support/cookie-store';
import { app } from '../support/strategy';

// A few seconds in `npm test`; for a long run: SIMULATED_RUNS=20000 npx mocha … test/integration/concurrent-logins.test.ts
const RUNS = Number(process.env['SIMULATED_RUNS'] ?? 250);

/** What happens in one login. */
interface Plan {
  strategy: number;
  given: 'by name' | 'as an instance';
  purpose: 'authenticate' | 'authorize';
  /** Whether the app passes a callback of its own to Passport. */
  callback: boolean;
  signedIn: boolean;
  /** How often the browser comes back. */
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
  /** The user or, of authorize, the account. */
  user?: unknown;
  /** What was in `req.user` then. */
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

/** One person with one browser, who logs in once. */
class Person {
  readonly jar = new Jar();
  sid: string | undefined;
  /** How often the code of the login went to the token endpoint. */
  exchanges = 0;
  readonly user: { id: string } | undefined;

  constructor(
    readonly number: number,
    readonly plan: Plan,
  ) {
    this.user = plan.signedIn ? { id: `member-${number}` } : undefined;
  }
}

/** An app with three strategies, whose sessions, token endpoint, portfolio and `verify` answer when the scheduler lets them. */
class World {
  readonly #passport = new passport.Passport();
  readonly #sessions = new Map<string, string>();
  readonly #strategies: CriteoStrategy[];
  #ids = 0;

  constructor(
    readonly people: Person[],
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

  #person(name: string): Person {
    const person = this.people[Number(/\d+$/.exec(name))];
    if (!person) throw new Error(`nobody is ${name}`);
    return person;
  }

  #strategy(at: number, store: object | undefined): CriteoStrategy {
    const world = this;
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
        const { plan, number } = world.#person(accessToken);
        void world.#wait('profile').then(() => {
          // The hook finds the actions of its own request, even now.
          const { success } = this as { success?: unknown };
          if (plan.callbacks === 1) expect(success).to.equal(actions.get(accessToken));
          if (plan.profile === 'broken') done(new Error(`profile ${number}`));
          else done(null, { id: `profile-${number}` } as never);
        }, done);
      }
    }
    const strategy = new Own({
      ...app,
      name: `criteo-${at}`,
      clientID: `client-${at}`,
      store: store as never,
      verify: async ({ tokens, profile, req, state }: Login) => {
        await world.#wait('verify');
        const { number, plan } = world.#person(tokens.accessToken);
        expect(Object(req).person).to.equal(number);
        expect(state).to.deep.equal({ login: number });
        if (plan.profile === 'found') expect(profile).to.deep.equal({ id: `profile-${number}` });
        if (plan.verify === 'throws') throw new Error(`verify ${number}`);
        return plan.verify === 'finds a user' ? { id: `user-${number}` } : false;
      },
    });
    strategy.oauth2.getOAuthAccessToken = (code: string, ...rest: unknown[]) => {
      const answer = rest.pop() as (...args: unknown[]) => void;
      const person = world.#person(code);
      person.exchanges += 1;
      void world.#wait('token').then(() => {
        const { plan, number } = person;
        if (plan.token === 'refused') answer({ statusCode: 400, data: '{"error":"invalid_grant"}' });
        else if (plan.token === 'broken') answer(new Error(`token ${number}`));
        else answer(null, `access-${number}`, `refresh-${number}`, { expires_in: 900 });
      });
    };
    return strategy;
  }

  /** A session as express-session has it: a copy of what is stored, written when it is saved. */
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

  /** Sends a request and returns how it ended, once all is done that could follow. */
  async #send(person: Person, query: object, options: object): Promise<Result[]> {
    const { plan, jar } = person;
    await this.#wait('request');
    const results: Result[] = [];
    const headers = new Map<string, unknown>();
    const req: Record<string, unknown> & { sid: string; session?: object } = {
      method: 'GET',
      query,
      headers: { cookie: jar.header },
      person: person.number,
      sid: person.sid ?? `session-${this.#ids++}`,
      ...(person.user ? { user: person.user } : {}),
    };
    req.session = this.#session(req);
    return new Promise((resolve) => {
      const end = async (result: Result): Promise<void> => {
        results.push({ ...result, signedIn: req['user'] });
        if (results.length > 1) return;
        jar.take([headers.get('set-cookie') ?? []].flat().map(String));
        await new Promise<void>((saved) => Reflect.apply(Object(req.session).save, undefined, [saved]));
        person.sid = req.sid;
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

  /** Logs a person in, and checks that everything is theirs. */
  async login(person: Person): Promise<void> {
    const { number, plan } = person;
    const [started, ...others] = await this.#send(person, {}, { state: { login: number } });
    expect(others).to.deep.equal([]);
    expect(started?.kind, JSON.stringify(started)).to.equal('redirect');
    const { searchParams } = started?.location ?? new URL('none:');
    expect(searchParams.get('client_id')).to.equal(`client-${plan.strategy}`);

    const outcome = plan.declined ? { error: 'access_denied' } : { code: `code-${number}` };
    const query = { ...outcome, state: searchParams.get('state') };
    const answers = await Promise.all(Array.from({ length: plan.callbacks }, () => this.#send(person, query, {})));
    for (const all of answers) expect(all, 'one outcome for each callback').to.have.length(1);
    const results = answers.flat();

    const wanted = expected(person);
    // Some are too late, and find no login; of those that are not, one gets to the end.
    const isLate = ({ kind, code, status }: Result): boolean =>
      kind === 'fail' && (plan.callback ? code === 'state_unknown' : status === 403);
    const [own, ...more] = results.filter((result) => !isLate(result));
    expect(own, JSON.stringify(results)).to.deep.include(wanted);
    if (!plan.declined) expect(more).to.deep.equal([]);
    const signsIn = own?.kind === 'success' && plan.purpose === 'authenticate' && !plan.callback;
    expect(own?.signedIn).to.deep.equal(signsIn ? { id: `user-${number}` } : person.user);
    expect(person.exchanges).to.equal(plan.declined ? 0 : 1);
  }
}

/** How a login must end. */
function expected({ number, plan }: Person): Partial<Result> {
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
  it('end with their own outcome, user, tokens and state each, in whatever order all that they wait for comes', async function () {
    this.timeout(0);
    await fc.assert(
      fc.asyncProperty(fc.array(plans, { minLength: 2, maxLength: 6 }), fc.scheduler(), async (all, scheduler) => {
        const people = all.map((plan, number) => new Person(number, plan));
        const world = new World(people, scheduler);
        let open = people.length;
        const logins = people.map((person) => world.login(person).finally(() => open--));
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
