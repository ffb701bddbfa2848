import { inspect } from 'node:util';
import { expect } from 'chai';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import type { Login } from '../../lib/login/verify';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { boom, isTimeout, quick, timeout } from '../support/misbehaviours';
import { expectOneOutcomeEach } from '../support/passport';
import { app, errorOf, Stubbed, stubbed, successOf, user, Visitor } from '../support/strategy';
import { warningsOf } from '../support/warnings';

describe('CriteoStrategy, at the code exchange', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('with a token request of the app’s own', () => {
    for (const [name, token] of quick) {
      it(`ends the login with an error if the request ${name}`, async function () {
        this.timeout(3_000);
        const strategy = stubbed({ timeout });
        strategy.token = token;
        const error = errorOf(await visitor.login(strategy));
        if (name === 'never calls back') isTimeout(error, 'Token exchange');
        else expect(error).to.be.instanceOf(CriteoTransportError);
        expect(strategy.asked).to.have.length(1);
        expect(strategy.profiled).to.have.length(0);
      });
    }

    const garbage: [string, unknown[]][] = [
      ['no values', []],
      ['no access token', [null, undefined, 'r', {}]],
      ['an empty access token', [null, '', 'r', {}]],
      ['an access token that contains a line break', [null, 'a\r\nX: y', 'r', {}]],
      ['an access token that is an object', [null, { token: 'a' }, 'r', {}]],
    ];
    for (const [name, answer] of garbage) {
      it(`ends the login with an error if the request calls back with ${name}`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done(...answer);
        expect(errorOf(await visitor.login(strategy))).to.include({ code: 'invalid_response', status: 502 });
        expect(strategy.profiled).to.have.length(0);
      });
    }

    it('uses the first result of a request that calls back twice', async () => {
      const strategy = stubbed({
        verify: ({ tokens }: { tokens: { accessToken: string } }) => ({ id: tokens.accessToken }),
      });
      strategy.token = (done) => {
        done(null, 'first', null, null);
        done(null, 'second', null, null);
        done(boom);
      };
      expect(successOf(await visitor.login(strategy)).user).to.deep.equal({ id: 'first' });
    });

    it('keeps the lifetime that the request gives to the access token', async () => {
      let lifetime = 0;
      const strategy = stubbed({
        verify: ({ tokens }: Login) => {
          lifetime = tokens.expiresAt - tokens.obtainedAt;
          return user;
        },
      });
      strategy.token = (done) => done(null, 'a', 'r', { expires_in: 600 });
      successOf(await visitor.login(strategy));
      expect(lifetime).to.equal(600_000);
    });

    it('warns of an expires_in that makes no sense, and keeps the tokens', async () => {
      const strategy = stubbed();
      strategy.token = (done) => done(null, 'a', 'r', { expires_in: 'soon' });
      const warnings = await warningsOf(async () => successOf(await visitor.login(strategy)));
      expect(warnings.map(({ code }) => code)).to.eql(['CRITEO_TOKEN_RESPONSE']);
      expect(warnings.join()).to.include('expires_in');
    });

    it('ends the login with an error whose cause has the rejected value, if that is not an error', async () => {
      for (const reason of [undefined, null, 'down']) {
        const strategy = stubbed();
        strategy.token = () => Promise.reject(reason);
        const error = errorOf(await visitor.login(strategy));
        expect(error).to.be.instanceOf(CriteoTransportError).and.include({ code: 'invalid_response', status: 502 });
        expect(error.message).to.equal('Failed to obtain access token');
        expect(String(error.cause)).to.include(`Token exchange failed: ${reason}`);
      }
    });

    it('keeps name, message and code of a rejected error as the cause, and none of its other properties', async () => {
      // HTTP libraries attach the configuration of a request to their errors.
      const config = { data: `client_secret=${app.clientSecret}&code=code-1` };
      const reason = Object.assign(new TypeError('socket hang up'), { code: 'ECONNRESET', config });
      const strategy = stubbed();
      strategy.token = () => Promise.reject(reason);
      const { cause } = errorOf(await visitor.login(strategy));
      expect(cause).to.include({ name: 'TypeError', message: 'socket hang up', code: 'ECONNRESET' });
      expect(inspect(cause, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.to.match(
        /code-1|client_secret/,
      );
    });

    it('keeps status and body of a response without an OAuth error as the cause, without secrets', async () => {
      const strategy = stubbed();
      strategy.token = (done) => done({ statusCode: 500, data: 'down code-1' });
      const { cause } = errorOf(await visitor.login(strategy));
      expect(cause).to.deep.equal({ statusCode: 500, data: 'down [redacted]' });
    });

    it('waits half a second longer than the option timeout for the app’s own functions', async () => {
      const strategy = stubbed({ timeout: 20 });
      strategy.token = (done) => setTimeout(done, 100, null, 'a', null, {});
      strategy.profile = (done) => setTimeout(done, 100, null, { id: '1' });
      successOf(await visitor.login(strategy));
    });

    it('turns an OAuth error in node-oauth’s form into a CriteoTokenError', async () => {
      const strategy = withoutOverride();
      strategy.token = (done) =>
        done({ statusCode: 400, data: '{"error":"invalid_grant","error_description":"expired code-1"}' });
      const error = errorOf(await visitor.login(strategy));
      expect(error).to.be.instanceOf(CriteoTokenError);
      expect(error).to.include({ code: 'invalid_grant', reauthorize: true, status: 401 });
      expect(error.message).to.include('expired [redacted]');
    });

    for (const data of ['no JSON', undefined, '{}']) {
      it(`turns a failure in node-oauth’s form with the body ${data} into a CriteoTransportError`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done({ statusCode: 500, data });
        const error = errorOf(await visitor.login(strategy));
        expect(error).to.be.instanceOf(CriteoTransportError);
        expect(error.cause).to.deep.equal({ statusCode: 500, data: data ?? '' });
      });
    }
  });

  describe('parseErrorResponse', () => {
    let sandbox: Sandbox;
    before(async () => {
      sandbox = await createSandbox();
    });
    after(() => sandbox.close());
    const real = (options: object = {}): Stubbed =>
      Reflect.construct(Real, [
        { ...sandbox.app, ...sandbox.endpoints, callbackURL: app.callbackURL, verify: () => user, ...options },
      ]);
    const refused = async (strategy: object): Promise<Error & Record<string, unknown>> => {
      const state = await visitor.handle(strategy);
      return errorOf(await visitor.finish(strategy, { code: 'never-issued', state }));
    };

    it('makes the error of a refused code exchange', async () => {
      const parsed = Object.assign(new Error('parsed'), { status: 418 });
      let seen: unknown[] = [];
      const strategy = Object.defineProperty(real(), 'parseErrorResponse', {
        value: (...args: unknown[]) => {
          seen = args;
          return parsed;
        },
      });
      expect(await refused(strategy)).to.equal(parsed);
      expect(JSON.parse(String(seen[0]))).to.include({ error: 'invalid_grant' });
      expect(seen[1]).to.equal(400);
    });

    for (const [name, hook] of [
      ['returns null', () => null],
      ['returns text', () => 'route'],
      [
        'throws',
        () => {
          throw boom;
        },
      ],
      ['returns a promise', async () => boom],
      ['returns a promise that rejects', () => Promise.reject(boom)],
    ] as [string, () => unknown][]) {
      it(`that ${name} leaves the error unchanged`, async () => {
        const strategy = Object.defineProperty(real(), 'parseErrorResponse', { value: hook });
        expect(await refused(strategy)).to.be.instanceOf(CriteoTokenError);
      });
    }

    it('is not called if there is no response body', async () => {
      let called = false;
      const strategy = Object.defineProperty(real(), 'parseErrorResponse', { value: () => (called = true) });
      sandbox.fault({ on: 'token', reset: true });
      const error = await refused(strategy);
      expect(error).to.be.instanceOf(CriteoTransportError);
      expect(called).to.equal(false);
    });

    it('that is not overridden keeps the trace id and the retry time of the error', async () => {
      const body = { error: 'temporarily_unavailable', errors: [{ code: 'x', traceId: 'trace-1' }] };
      sandbox.fault({ on: 'token', status: 503, headers: { 'Retry-After': '7' }, body });
      expect(await refused(real())).to.include({ retryAfter: 7, traceId: 'trace-1', retryable: true });
    });

    it('is not used for a token_type other than Bearer, which ends the login with invalid_response', async () => {
      sandbox.fault({ on: 'token', status: 200, body: { access_token: 'a', token_type: 'mac' } });
      expect(await refused(real())).to.include({ code: 'invalid_response' });
    });

    it('that is not overridden reports a refused code with advice to start the login again', async () => {
      const error = await refused(real());
      expect(error).to.include({ code: 'invalid_grant', retryable: false, reauthorize: true });
      expect(error.message).to.match(/ Start the login again\.$/);
      expect(String(error.stack)).to.include(error.message);
    });

    it('says once to start the login again if the connection breaks', async () => {
      sandbox.fault({ on: 'token', reset: true });
      const { message } = await refused(real());
      expect(message.split('Start the login again')).to.have.lengthOf(2);
    });

    it('that is not overridden parses errors of RFC 6749, and returns null for any other body', () => {
      const parse = (body: unknown) => real().parseErrorResponse(body, 400);
      expect(parse('{"error":"invalid_client"}'))
        .to.be.instanceOf(CriteoTokenError)
        .and.include({ code: 'invalid_client' });
      for (const body of ['', 'null', '<html>', '{}', undefined, {}]) expect(parse(body)).to.equal(null);
    });

    it('that is not overridden redacts the client secret if the body repeats it', () => {
      const body = JSON.stringify({ error: 'invalid_client', error_description: `bad ${sandbox.app.clientSecret}` });
      expect(String(real().parseErrorResponse(body, 401)?.message)).to.include('bad [redacted]');
    });
  });
});

/** A strategy with the real `userProfile`, and with the real code exchange unless `stub()` replaces it. */
class Real extends Stubbed {
  override userProfile(accessToken: string, done: Parameters<Stubbed['userProfile']>[1]): void {
    Object.getPrototypeOf(Stubbed.prototype).userProfile.call(this, accessToken, done);
  }
}

function withoutOverride(): Stubbed {
  return (Reflect.construct(Real, [{ ...app, verify: () => user }]) as Real).stub();
}
