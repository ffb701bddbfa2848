import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import express, { type RequestHandler } from 'express';
import passport from 'passport';
import { CriteoStrategy } from '../../lib/index';
import { httpServers } from '../support/http-server';
import { authenticate } from '../support/passport';
import { app, type Stubbed, stubbed, tokens, Visitor } from '../support/strategy';
import type { Warning } from '../support/warnings';

type Callback = (error: unknown, user?: unknown) => unknown;

/** Collects the warnings of the process during each test. */
function collectWarnings(): Warning[] {
  const warnings: Warning[] = [];
  const listen = (warning: Warning) => warnings.push(warning);
  before(() => process.on('warning', listen));
  after(() => process.off('warning', listen));
  beforeEach(() => warnings.splice(0));
  return warnings;
}

/** Runs a request of an app whose handler of the outcomes `kinds` runs `act`. Returns all outcomes the app received. */
async function received(kinds: string[], act: () => unknown, strategy: Stubbed, request: object): Promise<unknown[][]> {
  const outcomes: unknown[][] = [];
  const action =
    (kind: string) =>
    (...args: unknown[]) => {
      outcomes.push([kind, ...args]);
      return kinds.includes(kind) ? act() : undefined;
    };
  const actions = { success: action('success'), fail: action('fail'), redirect: action('redirect') };
  Object.assign(Object.create(strategy), { ...actions, error: action('error') }).authenticate(request, {});
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  return outcomes;
}

describe('Delivery of an outcome to the app', () => {
  const stray: unknown[] = [];
  const listen = (reason: unknown) => stray.push(reason);
  before(() => process.on('unhandledRejection', listen));
  after(() => process.off('unhandledRejection', listen));
  afterEach(async () => {
    await new Promise(setImmediate);
    expect(stray.splice(0)).to.deep.equal([]);
  });
  const warned = collectWarnings();
  const oops = new Error('oops secret');
  const ways: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw oops;
      },
    ],
    ['rejects', () => Promise.reject(oops)],
    ['rejects later', () => new Promise((_, reject) => setImmediate(reject, oops))],
    [
      'returns a promise of another library that rejects',
      () => Object.defineProperty({ catch() {} }, 'then', { value: (_: unknown, reject: Callback) => reject(oops) }),
    ],
  ];

  for (const [way, act] of ways) {
    for (const [kind, query] of [
      ['redirect', () => ({})],
      ['fail', () => ({ code: 'c' })],
      ['success', (state: string) => ({ code: 'c', state })],
    ] as [string, (state: string) => object][]) {
      it(`reports an error to the app if its handler of the outcome ${kind} ${way}`, async () => {
        const visitor = new Visitor();
        const strategy = stubbed();
        const request = visitor.request({ query: query(await visitor.handle(strategy)) });
        const outcomes = await received([kind], act, strategy, { ...request, session: visitor.session });
        expect(outcomes.map(([each]) => each)).to.deep.equal([kind, 'error']);
        expect(outcomes[1]?.[1]).to.equal(oops);
        expect(warned).to.deep.equal([]);
      });
    }

    it(`emits a warning without secrets if the app's handler of the error ${way}`, async () => {
      const outcomes = await received(['redirect', 'error'], act, stubbed(), new Visitor().request({ query: {} }));
      expect(outcomes.map(([each]) => each)).to.deep.equal(['redirect', 'error']);
      expect(warned.map(({ code }) => code)).to.deep.equal(['CRITEO_CALLBACK_FAILED']);
      expect(warned[0]?.message).to.match(
        /callback given to passport\.authenticate threw or rejected while it was told the error of a login,.*return next\(error\)/,
      );
      expect(warned[0]?.message).not.to.include('secret');
    });
  }

  it("does not run a query that the app's callback returns, and that runs when its then is called", async () => {
    let runs = 0;
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    const query = { then: () => (runs += 1), catch: () => {}, exec: () => {} };
    const outcomes = await received(['redirect'], () => query, stubbed(), new Visitor().request({ query: {} }));
    expect(outcomes.map(([each]) => each)).to.deep.equal(['redirect']);
    expect(runs).to.equal(0);
  });

  for (const given of ['by name', 'as an instance'] as const) {
    it(`calls actions that a subclass has wrapped as methods of the strategy, given ${given}`, async () => {
      class Labelled extends CriteoStrategy {
        label = 'tenant-7';
        override authenticate(...args: Parameters<CriteoStrategy['authenticate']>): void {
          for (const kind of ['fail', 'error'] as const) {
            const action = this[kind] as (...args: unknown[]) => void;
            this[kind] = function (this: Labelled, told: unknown, ...rest: unknown[]) {
              action.call(this, Object.assign(told as object, { label: this.label }), ...rest);
            };
          }
          super.authenticate(...args);
        }
      }
      const strategy = new Labelled({ ...app, verify: () => ({}) });
      const declined = { query: { code: 'c', state: 'x'.repeat(32) } };
      const failed = await authenticate(strategy, new Visitor().request(declined), {}, given);
      expect(failed).to.deep.include({ kind: 'fail' });
      expect(failed.args[0]).to.include({ code: 'state_unknown', label: 'tenant-7' });
      const broken = await authenticate(strategy, { method: 'GET', headers: {}, query: {} }, {}, given);
      expect(broken.kind).to.equal('error');
      expect(broken.args[0]).to.include({ code: 'session_missing', label: 'tenant-7' });
    });
  }

  for (const kind of ['redirect', 'fail']) {
    it(`names the outcome ${kind} in the error if the app throws text on it`, async () => {
      const fail = () => {
        throw 'no database';
      };
      const query = kind === 'fail' ? { code: 'c' } : {};
      const outcomes = await received([kind], fail, stubbed(), new Visitor().request({ query }));
      expect(Object(outcomes[1]?.[1]).message).to.equal(`The ${kind} of the login failed: no database`);
    });
  }

  it('publishes the error, not the success, as the outcome of a login if the app throws on success', async () => {
    const visitor = new Visitor();
    const strategy = stubbed();
    const state = await visitor.handle(strategy);
    const outcomes: unknown[] = [];
    const subscriber = (event: unknown) => outcomes.push(Object(event).outcome);
    subscribe('passport-criteo:login', subscriber);
    const fail = () => {
      throw oops;
    };
    await received(['success'], fail, strategy, visitor.request({ query: { code: 'c', state } }));
    unsubscribe('passport-criteo:login', subscriber);
    expect(outcomes).to.deep.equal(['error']);
  });

  it('reports no error if the app returns a thenable that fulfills, like a reply of Fastify', async () => {
    const visitor = new Visitor();
    const strategy = stubbed();
    const state = await visitor.handle(strategy);
    const reply = () => Object.defineProperty({}, 'then', { value: (fulfilled: () => void) => fulfilled() });
    const request = visitor.request({ query: { code: 'c', state } });
    const outcomes = await received(['success'], reply, strategy, request);
    expect(outcomes.map(([kind]) => kind)).to.deep.equal(['success']);
    expect(warned).to.deep.equal([]);
  });

  it('names the code of the undelivered error in the warning', async () => {
    await received(['error'], () => Promise.reject(oops), stubbed(), { query: {} });
    expect(warned[0]?.message).to.include('was told the error session_missing,');
  });

  describe('through Express and Passport', () => {
    const listen = httpServers();
    const serve = async (strategy: Stubbed, session: object, make: (next: Callback) => Callback): Promise<string> => {
      const authenticator = new passport.Passport();
      const app = express();
      const handler: RequestHandler = (req, res, next) => {
        Object.assign(req, { session });
        authenticator.authenticate(strategy, make(next) as passport.AuthenticateCallback)(req, res, next);
      };
      const failed: express.ErrorRequestHandler = (error, _req, res, _next) => {
        res.status(500).send(String(error.message));
      };
      app.get('/callback', handler, (_req, res) => void res.send('signed in'));
      app.use(failed);
      return `http://127.0.0.1:${await listen(app)}/callback`;
    };

    it('responds with the error of an async callback that rejects after a success', async () => {
      const visitor = new Visitor();
      const strategy = stubbed();
      const state = await visitor.handle(strategy);
      const url = await serve(strategy, visitor.session, (next) => async (error) => {
        if (error) return next(error);
        throw new Error('no database');
      });
      const response = await fetch(`${url}?code=c&state=${state}`);
      expect([response.status, await response.text()]).to.deep.equal([500, 'no database']);
    });

    it('emits a warning, and the process goes on, if an async callback throws the error that it receives', async () => {
      const visitor = new Visitor();
      const strategy = stubbed();
      strategy.token = (answer) => answer(Object.assign(new Error(tokens.access), { code: 'down' }));
      const state = await visitor.handle(strategy);
      let calls = 0;
      const url = await serve(strategy, visitor.session, () => async (error) => {
        calls += 1;
        if (error) throw error;
      });
      const disconnect = new AbortController();
      const response = fetch(`${url}?code=c&state=${state}`, { signal: disconnect.signal }).catch(() => 'no response');
      while (calls === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      disconnect.abort();
      expect(await response).to.equal('no response');
      expect(warned.map(({ code }) => code)).to.deep.equal(['CRITEO_CALLBACK_FAILED']);
      expect(warned[0]?.message).not.to.include(tokens.access);
    });
  });
});
