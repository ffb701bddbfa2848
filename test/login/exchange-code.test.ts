import { expect } from 'chai';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { boom, isTimeout, quick, timeout } from '../support/misbehaviours';
import { expectOneOutcomeEach } from '../support/passport';
import { app, errorOf, Stubbed, stubbed, successOf, user, Visitor } from '../support/strategy';

describe('CriteoStrategy, the exchange', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  describe('the token exchange', () => {
    for (const [name, token] of quick) {
      it(`that ${name} ends with an error`, async function () {
        this.timeout(3_000);
        const strategy = stubbed({ timeout });
        strategy.token = token;
        const error = errorOf(await visitor.login(strategy));
        if (name === 'never answers') isTimeout(error);
        else expect(error).to.be.instanceOf(CriteoTransportError);
        expect(strategy.asked).to.have.length(1);
        expect(strategy.profiled).to.have.length(0);
      });
    }

    const garbage: [string, unknown[]][] = [
      ['nothing', []],
      ['no access token', [null, undefined, 'r', {}]],
      ['an empty access token', [null, '', 'r', {}]],
      ['an access token that breaks a header', [null, 'a\r\nX: y', 'r', {}]],
      ['an access token that is an object', [null, { token: 'a' }, 'r', {}]],
    ];
    for (const [name, answer] of garbage) {
      it(`that answers ${name} ends with an error`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done(...answer);
        expect(errorOf(await visitor.login(strategy))).to.include({ code: 'invalid_response', status: 502 });
        expect(strategy.profiled).to.have.length(0);
      });
    }

    it('takes the first of two answers', async () => {
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

    it('refused in node-oauth’s way becomes a CriteoTokenError', async () => {
      const strategy = withoutOverride();
      strategy.token = (done) =>
        done({ statusCode: 400, data: '{"error":"invalid_grant","error_description":"dead code-1"}' });
      const error = errorOf(await visitor.login(strategy));
      expect(error).to.be.instanceOf(CriteoTokenError);
      expect(error).to.include({ code: 'invalid_grant', reauthorize: true, status: 401 });
      expect(error.message).to.include('dead [redacted]');
    });

    for (const data of ['no JSON', undefined, '{}']) {
      it(`refused in node-oauth’s way with the body ${data} becomes a CriteoTransportError`, async () => {
        const strategy = stubbed();
        strategy.token = (done) => done({ statusCode: 500, data });
        expect(errorOf(await visitor.login(strategy))).to.be.instanceOf(CriteoTransportError);
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

    it('makes the error of a refused exchange', async () => {
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
      it(`that ${name} leaves the error that was`, async () => {
        const strategy = Object.defineProperty(real(), 'parseErrorResponse', { value: hook });
        expect(await refused(strategy)).to.be.instanceOf(CriteoTokenError);
      });
    }

    it('as it is reads RFC 6749, and nothing where there is nothing to read', () => {
      const parse = (body: unknown) => real().parseErrorResponse(body, 400);
      expect(parse('{"error":"invalid_client"}'))
        .to.be.instanceOf(CriteoTokenError)
        .and.include({ code: 'invalid_client' });
      for (const body of ['', 'null', '<html>', '{}', undefined, {}]) expect(parse(body)).to.equal(null);
    });

    it('as it is hides the client secret that a body echoes', () => {
      const body = JSON.stringify({ error: 'invalid_client', error_description: `bad ${sandbox.app.clientSecret}` });
      expect(String(real().parseErrorResponse(body, 401)?.message)).to.include('bad [redacted]');
    });
  });
});

/** A strategy whose only stub is the token endpoint, where it is stubbed at all. */
class Real extends Stubbed {
  override userProfile(accessToken: string, done: Parameters<Stubbed['userProfile']>[1]): void {
    Object.getPrototypeOf(Stubbed.prototype).userProfile.call(this, accessToken, done);
  }
}

function withoutOverride(): Stubbed {
  return (Reflect.construct(Real, [{ ...app, verify: () => user }]) as Real).stub();
}
