import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { PendingLoginError } from '../../lib/errors';
import { SessionStateStore } from '../../lib/state/session-store';
import { answerOf, Bench, metadata, requestOf } from '../support/session-store';

const verifier = 'v'.repeat(43);
const noPrototype = (parts: object): object => Object.assign(Object.create(null), parts);

describe('SessionStateStore', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(new SessionStateStore());
  });

  it('returns a login once, and leaves nothing in the session', () => {
    const meta = metadata({ boundTo: 'me', purpose: 'authorize', crossSite: true });
    const handle = bench.handle({ to: '/' }, meta, verifier);
    const [error, ok, state, pending] = bench.finish(handle);
    expect([error, ok, state]).to.deep.equal([null, verifier, { to: '/' }]);
    const { strategy, clientID, callbackURL, boundTo, purpose, crossSite } = meta;
    expect(pending).to.deep.include({ strategy, clientID, callbackURL, boundTo, purpose, crossSite, verifier, state });
    expect(bench.session).to.deep.equal({});
    expect(bench.finish(handle)).to.have.nested.property('[2].code', 'state_unknown');
  });

  it('calls back with true if the login has no verifier', () => {
    const [error, ok, state, pending] = bench.finish(bench.handle());
    expect([error, ok, state]).to.deep.equal([null, true, undefined]);
    expect(pending).to.include({ purpose: 'authenticate', crossSite: false, boundTo: undefined });
  });

  it('keeps several logins apart, in whatever order they finish', () => {
    const [a, b, c] = [bench.handle('a'), bench.handle('b'), bench.handle('c')];
    expect(bench.finish(b)[2]).to.equal('b');
    expect(bench.finish(c)[2]).to.equal('c');
    expect(bench.finish(a)[2]).to.equal('a');
  });

  it('finishes a login from a session that was stored as JSON', () => {
    const handle = bench.handle({ list: [1, null, 'x'] }, metadata(), verifier);
    bench.session = JSON.parse(JSON.stringify(bench.session));
    expect(bench.finish(handle).slice(1, 3)).to.deep.equal([verifier, { list: [1, null, 'x'] }]);
  });

  it('returns a copy of the state, and does not change the original', () => {
    const state = Object.freeze({ at: new Date(0) });
    const handle = bench.handle(state);
    expect(bench.finish(handle)[2]).to.deep.equal({ at: '1970-01-01T00:00:00.000Z' });
    expect(state.at).to.be.instanceOf(Date);
  });

  it('assigns to the session at every change, so that sessions that are proxies notice', () => {
    const assigned: unknown[] = [];
    bench.session = new Proxy(
      {},
      {
        set(target, key, value) {
          assigned.push(key);
          return Reflect.set(target, key, value);
        },
      },
    );
    const [a, b] = [bench.handle(), bench.handle()];
    bench.finish(a);
    bench.finish(b);
    expect(assigned).to.deep.equal(Array(4).fill('criteo'));
  });

  describe('with options', () => {
    const wrong: [string, object][] = [
      ['key', { key: '' }],
      ['key', { key: 7 }],
      ['key', { key: '__proto__' }],
      ['key', { key: 'toString' }],
      ['key', { key: 'cookie' }],
      ['key', { key: 'passport' }],
      ['limit', { limit: 0 }],
      ['limit', { limit: 1.5 }],
      ['limit', { limit: '10' }],
      ['maxAge', { maxAge: -1 }],
      ['maxAge', { maxAge: Number.NaN }],
    ];
    for (const [option, options] of wrong) {
      it(`${JSON.stringify(options)} throws an error that names the option`, () => {
        const build = () => Reflect.construct(SessionStateStore, [options]);
        expect(build).to.throw(TypeError, new RegExp(`^SessionStateStore: the option ${option} must`));
      });
    }

    it('uses the option key as the property of the session', () => {
      bench = new Bench(new SessionStateStore({ key: 'logins' }));
      bench.handle();
      expect(Object.keys(bench.session)).to.deep.equal(['logins']);
    });

    it('keeps as many logins as the option limit', () => {
      bench = new Bench(new SessionStateStore({ limit: 2 }));
      const handles = [bench.handle(), bench.handle(), bench.handle()];
      expect(Object.keys(bench.pending)).to.deep.equal(handles.slice(1));
    });

    it('rejects a login that takes longer than the option maxAge', () => {
      bench = new Bench(new SessionStateStore({ maxAge: 1_000 }));
      const [late, early] = [bench.handle({ to: '/' }), bench.handle()];
      Object.assign(bench.pending[late] ?? {}, { at: Date.now() - 1_100 });
      Object.assign(bench.pending[early] ?? {}, { at: Date.now() - 500 });
      const [error, ok, info] = bench.finish(late);
      expect([error, ok]).to.deep.equal([null, false]);
      expect(info).to.deep.include({ code: 'state_expired', state: { to: '/' } });
      expect(info)
        .to.have.property('message')
        .that.matches(/longer than 1 s/);
      expect(bench.pending).not.to.have.property(late);
      expect(bench.finish(early)[1]).to.equal(true);
    });
  });

  it('reports no state for an expired login that has none', () => {
    const handle = bench.handle();
    Object.assign(bench.pending[handle] ?? {}, { at: 0 });
    expect(bench.finish(handle)[2]).to.have.all.keys('code', 'message');
  });

  describe('if the session has wrong content', () => {
    const handle = 'x'.repeat(32);
    const contents: [string, unknown][] = [
      ['undefined', undefined],
      ['null', null],
      ['a string', 'x'],
      ['a number', 7],
      ['true', true],
      ['an array', [handle]],
      ['an array under the handle', { [handle]: [] }],
      ['a string under the handle', { [handle]: 'x' }],
      ['a damaged record', { [handle]: { at: 'now', of: 1 } }],
      ['an inherited record', Object.create({ [handle]: { at: Date.now(), of: ['criteo', 'client-1'], to: 't' } })],
      ['an object without a prototype', noPrototype({ [handle]: noPrototype({}) })],
      [
        'a record under __proto__',
        JSON.parse(`{"__proto__":{"${handle}":{"at":1,"of":["criteo","client-1"],"to":"t"}}}`),
      ],
    ];
    for (const [name, content] of contents) {
      it(`finds no login in ${name}, and can start a new one`, () => {
        bench.session['criteo'] = content;
        expect(bench.finish(handle)).to.have.nested.property('[2].code', 'state_unknown');
        expect(bench.finish(bench.handle())[1]).to.equal(true);
      });
    }

    it('finds no login by the names of properties that every object has', () => {
      bench.handle();
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'undefined']) {
        const [error, ok, info] = bench.finish(name);
        expect([error, ok]).to.deep.equal([null, false]);
        expect(info).to.have.property('code', 'state_unknown');
      }
      expect(Object.keys(bench.pending)).to.have.length(1);
    });

    it('calls back once and throws nothing for any content and handle, and keeps other logins', () => {
      const records = fc.record(
        { at: fc.anything(), of: fc.anything(), to: fc.anything(), pkce: fc.anything() },
        { requiredKeys: [] },
      );
      const key = fc.oneof(fc.constant(handle), fc.constant('__proto__'), fc.string());
      const content = fc.oneof(fc.anything(), fc.dictionary(key, fc.oneof(records, fc.anything())));
      fc.assert(
        fc.property(content, key, (criteo, asked) => {
          bench.session = { criteo };
          expect(bench.finish(asked).slice(0, 2)).to.deep.equal([null, false]);
          const kept = bench.handle('kept');
          bench.finish(asked);
          expect(bench.finish(kept)[2]).to.equal('kept');
        }),
      );
    });
  });

  describe('with two strategies', () => {
    it('that use one key hides the logins of one from the other, and keeps them', () => {
      const theirs = metadata({ strategy: 'criteo-retail' });
      const handle = bench.handle('theirs', theirs);
      expect(bench.finish(handle)).to.have.nested.property('[2].code', 'state_unknown');
      expect(bench.finish(handle, metadata({ clientID: 'other' }))).to.have.nested.property(
        '[2].code',
        'state_unknown',
      );
      expect(bench.finish(handle, theirs)[2]).to.equal('theirs');
    });
  });

  describe('without a session', () => {
    for (const session of [undefined, null, 'x', 7, []]) {
      it(`(${JSON.stringify(session)}) reports session_missing at the start and at the callback`, () => {
        const req = requestOf(session);
        const [error] = answerOf((callback) => bench.store.store(req, undefined, undefined, metadata(), callback));
        expect(error).to.include({ code: 'session_missing', status: 500 });
        const [other] = answerOf((callback) => bench.store.verify(req, 'x', metadata(), callback));
        expect(other).to.include({ code: 'session_missing', status: 500 });
      });
    }
  });

  describe('before the code exchange', () => {
    const withSave = (parts: object): string => {
      const handle = bench.handle();
      Object.defineProperties(bench.session, Object.getOwnPropertyDescriptors(parts));
      return handle;
    };

    it('waits until the session is saved', async () => {
      let saved = false;
      const handle = withSave({
        regenerate() {},
        save(done: () => void) {
          setImmediate(() => {
            saved = true;
            done();
          });
        },
      });
      const ok = await new Promise((resolve) =>
        bench.store.verify(requestOf(bench.session), handle, metadata(), (_error, known) => resolve([known, saved])),
      );
      expect(ok).to.deep.equal([true, true]);
    });

    it('gives an error if the session cannot be saved, without the session that the driver attached', () => {
      const command = { args: ['sess:1', JSON.stringify(bench.session)] };
      const failed = Object.assign(new Error('disk full'), { code: 'ENOSPC', command });
      const handle = withSave({ regenerate() {}, save: (done: (error: Error) => void) => done(failed) });
      const [error] = bench.finish(handle) as [Error];
      expect(error).to.be.instanceOf(PendingLoginError).and.include({ code: 'session_not_saved', status: 503 });
      expect(error.cause).to.include({ message: 'disk full', code: 'ENOSPC' });
      const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      expect(shown).to.include('disk full').and.not.include('sess:1').and.not.include(handle);
    });

    it('does not wait for a session without the methods that Passport needs', () => {
      expect(bench.finish(withSave({ save: () => new Promise(() => {}) }))[1]).to.equal(true);
      bench.session = {};
      expect(bench.finish(withSave({ save: 'data', regenerate: 'data' }))[1]).to.equal(true);
      bench.session = {};
      expect(bench.finish(withSave({ save: 'data', regenerate() {} }))[1]).to.equal(true);
    });
  });
});
