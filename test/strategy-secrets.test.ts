import { inspect } from 'node:util';
import { expect } from 'chai';
import { CriteoTokenError } from '../lib/errors';
import { createSandbox } from '../lib/sandbox';
import { CriteoStrategy } from '../lib/strategy';
import { authenticate, expectOneOutcomeEach, type Outcome } from './support/passport';
import { app, construct, stubbed, tokens, user, Visitor } from './support/strategy';

/** Returns all texts that a log, a debugger or an error page may show of a value. */
function renderings(value: unknown): string {
  const ways = [
    { showHidden: true, depth: Number.POSITIVE_INFINITY },
    { showHidden: true, depth: Number.POSITIVE_INFINITY, customInspect: false },
    {},
  ];
  const texts = ways.map((way) => inspect(value, { maxStringLength: null, maxArrayLength: null, ...way }));
  return [...texts, JSON.stringify(value), String(value), value instanceof Error ? value.stack : ''].join('\n');
}

function expectNone(value: unknown, secrets: string[]): void {
  const text = renderings(value);
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      expect(text).not.to.include(form);
    }
  }
}

const secrets = [app.clientSecret];

describe('The secrets of CriteoStrategy', () => {
  expectOneOutcomeEach();

  it('do not appear if a strategy is serialised or printed with its hidden properties', () => {
    const strategy = construct({ ...app, verify: () => user });
    expectNone(strategy, secrets);
    expectNone(Object.create(strategy), secrets);
    expectNone({ strategies: [strategy] }, secrets);
  });

  it('do not appear if its _oauth2 is serialised or printed', () => {
    expectNone(stubbed().oauth2, secrets);
  });

  it('are not among the properties that a strategy shows', () => {
    const strategy = construct({ ...app, pkce: true, verify: () => user });
    expect(JSON.parse(JSON.stringify(strategy))).to.deep.equal({
      name: 'criteo',
      clientID: app.clientID,
      callbackURL: app.callbackURL,
      service: 'marketing-solutions',
      apiVersion: '2026-07',
      pkce: true,
    });
    expect(inspect(strategy)).to.match(/^CriteoStrategy \{.*name: 'criteo'/s);
    class Own extends CriteoStrategy {}
    expect(inspect(Reflect.construct(Own, [{ ...app, verify: () => user }]))).to.match(/^Own \{/);
  });

  it('do not appear in an error of the constructor', () => {
    for (const wrong of [{ clientID: '' }, { callbackURL: 'x' }, { service: 'x' }, { timeout: 0 }, { store: {} }]) {
      try {
        construct({ ...app, ...wrong, verify: () => user });
        expect.fail('it was constructed');
      } catch (error) {
        expectNone(error, secrets);
      }
    }
  });

  it('are not in the authorization URL: neither the client secret nor the verifier', async () => {
    const visitor = new Visitor();
    const url = await visitor.begin(stubbed({ pkce: true }));
    const record = Object(visitor.session['criteo'])[url.searchParams.get('state') ?? ''];
    expect(record.pkce).to.match(/^[\w-]{43}$/);
    for (const secret of [...secrets, encodeURIComponent(app.clientSecret), record.pkce]) {
      expect(url.href).not.to.include(secret);
    }
  });

  describe('in the outcome of a login', () => {
    const state = 'app-state';
    /** Returns the outcome of a login whose token endpoint repeats what it received, and the secrets that it received. */
    async function refused(
      body: (form: Record<string, string>) => unknown,
      status: number,
    ): Promise<[Outcome, string[]]> {
      const sandbox = await createSandbox();
      try {
        const visitor = new Visitor();
        let verifier = '';
        const strategy = construct({
          ...sandbox.app,
          ...sandbox.endpoints,
          pkce: true,
          callbackURL: app.callbackURL,
          verify: () => user,
        });
        const handle = await visitor.handle(strategy, { state });
        verifier = Object(visitor.session['criteo'])[handle].pkce;
        const form = { code: 'the-code-1', client_secret: sandbox.app.clientSecret, code_verifier: verifier };
        sandbox.fault({ on: 'token', status, body: body(form) });
        const outcome = await visitor.finish(strategy, { code: form.code, state: handle });
        return [outcome, Object.values(form)];
      } finally {
        await sandbox.close();
      }
    }

    const responses: [string, (form: Record<string, string>) => unknown, number][] = [
      ['an OAuth error', (form) => ({ error: 'invalid_grant', error_description: JSON.stringify(form) }), 400],
      ['an error code', (form) => ({ error: form['client_secret'] }), 400],
      ['an error URI', (form) => ({ error: 'invalid_grant', error_uri: `https://x.example/${form['code']}` }), 400],
      [
        'Criteo’s envelope',
        (form) => ({ errors: [{ code: 'x', detail: form['code'], traceId: form['client_secret'] }] }),
        400,
      ],
      ['a page', (form) => `<html>${new URLSearchParams(form)}</html>`, 500],
      ['a wrong token', (form) => ({ access_token: `${form['code']}\n`, token_type: 'Bearer' }), 200],
    ];
    for (const [name, body, status] of responses) {
      it(`do not appear if ${name} repeats them`, async () => {
        const [outcome, sent] = await refused(body, status);
        expect(outcome.kind).to.equal('error');
        expectNone(outcome.args[0], sent);
      });
    }

    it('do not appear in what parseErrorResponse reads from a response that repeats them', () => {
      const body = JSON.stringify({ error: 'invalid_client', error_description: `not ${app.clientSecret}` });
      const error = stubbed().parseErrorResponse(body, 401);
      expect(error).to.be.instanceOf(CriteoTokenError);
      expect(error?.message).to.include('not [redacted]');
      expectNone(error, secrets);
    });

    it('do not appear if the profile cannot be fetched', async () => {
      const strategy = stubbed();
      strategy.profile = (done) => done(new Error('no profile'));
      const outcome = await new Visitor().login(strategy);
      expectNone(outcome.args, [tokens.access, tokens.refresh, app.clientSecret]);
    });

    it('do not appear if the app’s own getOAuthAccessToken repeats them', async () => {
      const strategy = stubbed();
      const data = `code=code-1&client_secret=${app.clientSecret}`;
      strategy.token = (answer) => answer({ statusCode: 500, data });
      expectNone((await new Visitor().login(strategy)).args[0], ['code-1', app.clientSecret]);
    });
  });

  it('and the query do not appear in a failure', async () => {
    const strategy = stubbed();
    const visitor = new Visitor();
    const code = 'secret-code';
    for (const query of [
      { code },
      { code, state: 'x' },
      { code: [code], state: 'x' },
      { code, iss: 'x', state: 'x' },
    ]) {
      const outcome = await authenticate(strategy, visitor.request({ query }));
      expect(outcome.kind).to.equal('fail');
      expectNone(outcome.args, [code]);
    }
  });
});
