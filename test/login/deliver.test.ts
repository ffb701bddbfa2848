import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express, { type RequestHandler } from 'express';
import passport from 'passport';
import { type Stubbed, stubbed, tokens, Visitor } from '../support/strategy';

type Callback = (error: unknown, user?: unknown) => unknown;

/** The warnings of a test. */
function warnings(): { code?: string; message: string }[] {
  const seen: { code?: string; message: string }[] = [];
  const listen = (warning: { code?: string; message: string }) => seen.push(warning);
  before(() => process.on('warning', listen));
  after(() => process.off('warning', listen));
  beforeEach(() => seen.splice(0));
  return seen;
}

/** Runs a request of an app that throws, or rejects, when it is told one of `kinds`. Returns what it was told. */
async function badlyHeard(
  kinds: string[],
  act: () => unknown,
  strategy: Stubbed,
  request: object,
): Promise<unknown[][]> {
  const heard: unknown[][] = [];
  const action =
    (kind: string) =>
    (...args: unknown[]) => {
      heard.push([kind, ...args]);
      return kinds.includes(kind) ? act() : undefined;
    };
  const actions = { success: action('success'), fail: action('fail'), redirect: action('redirect') };
  Object.assign(Object.create(strategy), { ...actions, error: action('error') }).authenticate(request, {});
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  return heard;
}

describe('An outcome that the app does not take:', () => {
  const stray: unknown[] = [];
  const listen = (reason: unknown) => stray.push(reason);
  before(() => process.on('unhandledRejection', listen));
  after(() => process.off('unhandledRejection', listen));
  afterEach(async () => {
    await new Promise(setImmediate);
    expect(stray.splice(0)).to.deep.equal([]);
  });
  const warned = warnings();
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
      'returns a thenable that rejects',
      () => Object.defineProperty({}, 'then', { value: (_: unknown, reject: Callback) => reject(oops) }),
    ],
  ];

  for (const [way, act] of ways) {
    for (const [kind, query] of [
      ['redirect', () => ({})],
      ['fail', () => ({ code: 'c' })],
      ['success', (state: string) => ({ code: 'c', state })],
    ] as [string, (state: string) => object][]) {
      it(`if it ${way} when it is told ${kind}, it is told that as an error`, async () => {
        const visitor = new Visitor();
        const strategy = stubbed();
        const request = visitor.request({ query: query(await visitor.handle(strategy)) });
        const heard = await badlyHeard([kind], act, strategy, { ...request, session: visitor.session });
        expect(heard.map(([each]) => each)).to.deep.equal([kind, 'error']);
        expect(heard[1]?.[1]).to.equal(oops);
        expect(warned).to.deep.equal([]);
      });
    }

    it(`if it ${way} when it is told an error, the process warns, without a secret, and goes on`, async () => {
      const heard = await badlyHeard(['redirect', 'error'], act, stubbed(), new Visitor().request({ query: {} }));
      expect(heard.map(([each]) => each)).to.deep.equal(['redirect', 'error']);
      expect(warned.map(({ code }) => code)).to.deep.equal(['CRITEO_CALLBACK_FAILED']);
      expect(warned[0]?.message).to.match(
        /callback given to passport\.authenticate threw or rejected.*return next\(error\)/,
      );
      expect(warned[0]?.message).not.to.include('secret');
    });
  }

  it('is not published as an outcome if the app throws: the error is', async () => {
    const visitor = new Visitor();
    const strategy = stubbed();
    const state = await visitor.handle(strategy);
    const outcomes: unknown[] = [];
    const subscriber = (event: unknown) => outcomes.push(Object(event).outcome);
    subscribe('passport-criteo:login', subscriber);
    const fail = () => {
      throw oops;
    };
    await badlyHeard(['success'], fail, strategy, visitor.request({ query: { code: 'c', state } }));
    unsubscribe('passport-criteo:login', subscriber);
    expect(outcomes).to.deep.equal(['error']);
  });

  it('is taken if the app returns a thenable that calls what it is given, as a reply of Fastify does', async () => {
    const visitor = new Visitor();
    const strategy = stubbed();
    const state = await visitor.handle(strategy);
    const reply = () => Object.defineProperty({}, 'then', { value: (fulfilled: () => void) => fulfilled() });
    const request = visitor.request({ query: { code: 'c', state } });
    const heard = await badlyHeard(['success'], reply, strategy, request);
    expect(heard.map(([kind]) => kind)).to.deep.equal(['success']);
    expect(warned).to.deep.equal([]);
  });

  it('names the error that was not heard by its code', async () => {
    await badlyHeard(['error'], () => Promise.reject(oops), stubbed(), { query: {} });
    expect(warned[0]?.message).to.include('was told the error session_missing,');
  });

  describe('through Express and Passport', () => {
    let server: Server;
    afterEach(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
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
      server = createServer(app).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
    };

    it('answers with the error of an async callback that rejects after a success', async () => {
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

    it('survives an async callback that throws the error it is told', async () => {
      const visitor = new Visitor();
      const strategy = stubbed();
      strategy.token = (answer) => answer(Object.assign(new Error(tokens.access), { code: 'down' }));
      const state = await visitor.handle(strategy);
      let told = 0;
      const url = await serve(strategy, visitor.session, () => async (error) => {
        told += 1;
        if (error) throw error;
      });
      const gone = new AbortController();
      const response = fetch(`${url}?code=c&state=${state}`, { signal: gone.signal }).catch(() => 'no response');
      while (told === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      gone.abort();
      expect(await response).to.equal('no response');
      expect(warned.map(({ code }) => code)).to.deep.equal(['CRITEO_CALLBACK_FAILED']);
      expect(warned[0]?.message).not.to.include(tokens.access);
    });
  });
});
