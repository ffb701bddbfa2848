import { expect } from 'chai';
import fc from 'fast-check';
import { rows } from './support/hostile-callbacks';
import { authenticate, expectOneOutcomeEach, type Outcome } from './support/passport';
import { stubbed, Visitor } from './support/strategy';

/** Returns the code of a failure, or the kind of any other outcome. */
function nameOf({ kind, args }: Outcome): unknown {
  return kind === 'fail' ? Object(args[0]).code : kind;
}

describe('CriteoStrategy, for hostile callbacks', () => {
  expectOneOutcomeEach();

  for (const { name, request, expected, status, exchanges = 0, taken = false } of rows) {
    it(`${name}: ${expected}, ${exchanges} token requests, ${taken ? 'removes its login' : 'keeps every login'}`, async () => {
      const visitor = new Visitor();
      const strategy = stubbed();
      const handle = await visitor.handle(strategy);
      const other = await visitor.handle(strategy);
      const parts = await request({ visitor, strategy, handle });
      const outcome = await authenticate(strategy, visitor.request(parts));
      expect(nameOf(outcome)).to.equal(expected);
      if (outcome.kind === 'fail') {
        expect(outcome.args[1]).to.equal(status);
        expect(Object(outcome.args[0]).message).to.be.a('string').with.property('length').that.is.within(10, 1_000);
      }
      expect(strategy.asked).to.have.length(exchanges);
      expect(visitor.pending()).to.include(other);
      expect(visitor.pending().includes(handle)).to.equal(!taken);
      // The login of the other tab still succeeds.
      expect((await visitor.finish(strategy, { code: 'c', state: other })).kind).to.equal('success');
    });
  }

  it('keeps a session under 8 KB while 500 logins are started, and the last ones succeed', async () => {
    const visitor = new Visitor();
    const strategy = stubbed({ pkce: true });
    const options = { state: { returnTo: `/${'x'.repeat(1_900)}` } };
    const handles: string[] = [];
    for (let login = 0; login < 500; login += 1) {
      handles.push(await visitor.handle(strategy, login % 2 ? options : {}));
      expect(JSON.stringify(visitor.session).length).to.be.below(8_192);
    }
    expect(nameOf(await visitor.finish(strategy, { code: 'c', state: handles[0] }))).to.equal('state_unknown');
    for (const state of handles.slice(-3)) {
      expect(nameOf(await visitor.finish(strategy, { code: 'c', state }))).to.equal('success');
    }
    expect(strategy.asked).to.have.length(3);
  });

  it('rejects 500 callbacks with made-up states without a token request, and keeps the pending login', async () => {
    const visitor = new Visitor();
    const strategy = stubbed();
    const handle = await visitor.handle(strategy);
    for (let callback = 0; callback < 500; callback += 1) {
      const state = Buffer.alloc(24, callback).toString('base64url');
      expect(nameOf(await visitor.finish(strategy, { code: 'c', state }))).to.equal('state_unknown');
    }
    expect(visitor.pending()).to.deep.equal([handle]);
    expect(strategy.asked).to.have.length(0);
  });

  describe('with random content', () => {
    const words = fc.constantFrom(
      'code',
      'state',
      'error',
      'error_description',
      'iss',
      '__proto__',
      'access_denied',
      '',
    );
    const value = fc.oneof(fc.string(), words, fc.string({ unit: 'binary' }), fc.anything());
    const parameters = fc.dictionary(fc.oneof(words, fc.string()), value);
    const headers = fc.dictionary(
      fc.constantFrom('sec-purpose', 'cookie', 'host'),
      fc.oneof(fc.constant('prefetch'), value),
    );
    const request = fc.record(
      {
        method: fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'), fc.anything()),
        headers: fc.oneof(headers, fc.anything()),
        query: fc.oneof(parameters, fc.anything()),
        body: fc.oneof(parameters, fc.anything()),
        url: fc.oneof(
          fc.webUrl({ withQueryParameters: true }),
          fc.array(fc.tuple(words, fc.string())).map((pairs) => `/cb?${new URLSearchParams(pairs)}`),
        ),
        session: fc.oneof(fc.constant({}), fc.record({ criteo: fc.anything() }), fc.anything()),
        user: fc.oneof(fc.record({ id: fc.anything() }), fc.anything()),
      },
      { requiredKeys: [] },
    );

    it('has one outcome, throws nothing and exchanges no code', async () => {
      const strategy = stubbed();
      await fc.assert(
        fc.asyncProperty(request, async (parts) => {
          const outcome = await authenticate(strategy, parts);
          expect(outcome.kind).to.be.oneOf(['fail', 'redirect', 'error']);
        }),
        { numRuns: 300 },
      );
      expect(strategy.asked).to.deep.equal([]);
    });

    it('keeps a pending login that the callback does not name', async () => {
      const strategy = stubbed();
      await fc.assert(
        fc.asyncProperty(parameters, async (made) => {
          const visitor = new Visitor();
          const state = await visitor.handle(strategy, { state: 'mine' });
          await authenticate(strategy, visitor.request({ query: made }));
          const done = await visitor.finish(strategy, { code: 'c', state });
          expect(done.args[1]).to.deep.equal({ state: 'mine' });
        }),
      );
    });

    it('has one outcome, and one code exchange at most, if the state is right', async () => {
      const strategy = stubbed();
      await fc.assert(
        fc.asyncProperty(parameters, async (made) => {
          const visitor = new Visitor();
          const state = await visitor.handle(strategy);
          const before = strategy.asked.length;
          const outcome = await authenticate(strategy, visitor.request({ query: { ...made, state } }));
          const exchanged = outcome.kind === 'success' ? 1 : 0;
          expect(strategy.asked.length - before).to.equal(exchanged);
        }),
      );
    });
  });
});
