import { once } from 'node:events';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { Seal } from '../../lib/state/cookie-encryption';
import { CookieStateStore, type CookieStateStoreOptions } from '../../lib/state/cookie-store';
import { asRequest, finish, Jar, linesOf, meta, newRequest, newStore, secret, start } from '../support/cookie-store';

const verifier = 'v'.repeat(43);
const later = 'second secret, at least 32 characters';
const localhost = 'http://localhost:3000/cb';

/** Moves the clock of Date.now, and no timer. */
const { now } = Date;
let passed = 0;
const pass = (milliseconds: number): void => {
  passed += milliseconds;
};

describe('CookieStateStore', () => {
  beforeEach(() => {
    passed = 0;
    Date.now = () => now() + passed;
  });
  afterEach(() => {
    Date.now = now;
  });

  it('declares the numbers of parameters by which strategies call it', () => {
    expect([newStore().store.length, newStore().verify.length]).to.deep.equal([5, 4]);
  });

  describe('keeps a login', () => {
    it('with its verifier, its state and all that is checked at the callback, and returns it once', () => {
      const jar = new Jar();
      const state = { returnTo: '/reports', deep: [1, null, 'ž'] };
      const started = { purpose: 'authorize', boundTo: 'user-1', crossSite: true } as const;
      const { handle, error } = start(newStore(), jar, { verifier, state, ...started });
      expect(error).to.equal(null);
      const done = finish(newStore(), jar, handle, { callbackURL: 'https://elsewhere.example.com/' });
      expect(done).to.deep.include({ error: null, ok: verifier, state });
      const { strategy, clientID, callbackURL } = meta;
      expect(done.pending).to.deep.include({ ...started, verifier, state, strategy, clientID, callbackURL });
      expect(jar.names).to.deep.equal([]);
      expect(finish(newStore(), jar, handle)).to.include({ ok: false, code: 'state_unknown' });
    });

    it('that has neither a verifier nor a state', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      const done = finish(newStore(), jar, handle);
      expect(done.answers).to.have.length(1);
      expect(done).to.include({ error: null, ok: true, state: undefined });
      expect(done.pending).to.include({ purpose: 'authenticate', crossSite: false, boundTo: undefined });
    });

    it('in one cookie that scripts, other sites and http cannot read, for as long as the login may take', () => {
      const { lines, handle } = start(newStore({ maxAge: 90_500 }), undefined, { verifier, state: 'the state' });
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(
        /^__Host-criteo-login\.[\w-]{16}=[\w-]+\.[\w-]+; Max-Age=91; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
      expect(lines[0]).not.to.contain(handle.slice(0, 8));
      expect(Buffer.from(lines[0]?.split(/[.;=]/)[3] ?? '', 'base64url').toString('latin1')).not.to.match(
        /vvvv|the state/,
      );
    });

    it('under the name without prefix if the callback URL is http', () => {
      const jar = new Jar();
      const { lines, handle } = start(newStore({ name: 'mine' }), jar, { callbackURL: localhost });
      expect(lines[0]).to.match(/^mine\.[\w-]{16}=[^;]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
      expect(finish(newStore({ name: 'mine' }), jar, handle, { callbackURL: localhost }).ok).to.equal(true);
    });

    it('with the prefix and attribute that the option secure asks for', () => {
      expect(start(newStore({ secure: false })).lines[0]).to.match(/^criteo-login\..*SameSite=Lax$/);
      const secure = start(newStore({ secure: true }), undefined, { callbackURL: localhost });
      expect(secure.lines[0]).to.match(/^__Host-criteo-login\..*; Secure$/);
    });

    it('if the callback URL changes between http and https during the login', () => {
      for (const [before, after] of [
        [localhost, meta.callbackURL],
        [meta.callbackURL, localhost],
      ] as const) {
        const jar = new Jar();
        const { handle } = start(newStore(), jar, { callbackURL: before });
        expect(finish(newStore(), jar, handle, { callbackURL: after }).ok, before).to.equal(true);
        expect(jar.names).to.deep.equal([]);
      }
    });

    it('beside other logins, which stay pending', () => {
      const jar = new Jar();
      const [a, b, c] = ['a', 'b', 'c'].map((state) => start(newStore(), jar, { state }));
      expect(finish(newStore(), jar, b?.handle ?? '').state).to.equal('b');
      expect(finish(newStore(), jar, c?.handle ?? '').state).to.equal('c');
      expect(finish(newStore(), jar, a?.handle ?? '').state).to.equal('a');
    });

    it('without changing its arguments', () => {
      const given = Object.freeze({ ...meta });
      const state = Object.freeze({ a: 1 });
      const { req } = newRequest();
      newStore().store(req, undefined, state, given, (error) => expect(error).to.equal(null));
    });
  });

  describe('limits the pending logins', () => {
    it('to the newest five', () => {
      const jar = new Jar();
      const started = Array.from({ length: 8 }, (_, index) => {
        pass(1000);
        return start(newStore(), jar, { state: index });
      });
      expect(jar.cookies.size).to.equal(5);
      const kept = started.map(({ handle }) => finish(newStore(), jar, handle).ok);
      expect(kept).to.deep.equal([false, false, false, true, true, true, true, true]);
    });

    it('to the number of the option limit, in whichever order the browser sends the cookies', () => {
      for (const limit of [1, 2]) {
        const jar = new Jar();
        const first = start(newStore({ limit }), jar);
        pass(1000);
        const second = start(newStore({ limit }), jar);
        pass(1000);
        const turned = new Jar();
        for (const [name, value] of [...jar.cookies].reverse()) turned.cookies.set(name, value);
        const third = start(newStore({ limit }), turned);
        const kept = [first, second, third].map(({ handle }) => finish(newStore(), turned, handle).ok);
        expect(kept, `limit ${limit}`).to.deep.equal([false, limit === 2, true]);
      }
    });

    it('without those that another subdomain may have set: over https, only cookies with the prefix __Host- count', () => {
      const jar = new Jar();
      const mine = Array.from({ length: 4 }, () => start(newStore(), jar));
      const planted = new Jar();
      for (let count = 0; count < 5; count += 1) start(newStore(), planted);
      for (const [name, value] of planted.cookies) jar.cookies.set(name.replace('__Host-', ''), value);
      const { lines } = start(newStore(), jar);
      expect(lines).to.have.length(1);
      start(newStore(), jar, { crossSite: true, callbackURL: localhost });
      for (const { handle } of mine) expect(finish(newStore(), jar, handle).ok).to.equal(true);
    });

    it('to 4096 bytes together, so that servers accept the Cookie header', () => {
      const jar = new Jar();
      const state = 'x'.repeat(900);
      const started = Array.from({ length: 5 }, () => {
        pass(1000);
        return start(newStore(), jar, { state }).handle;
      });
      expect(jar.header.length).to.be.within(2000, 4200);
      const kept = started.map((handle) => finish(newStore(), jar, handle).ok);
      expect(kept).to.deep.equal([false, false, false, true, true]);
    });

    it('by clearing logins that another site started first, so that it cannot end one of this site', () => {
      const jar = new Jar();
      const own = start(newStore(), jar).handle;
      const foreign = Array.from({ length: 20 }, () => {
        pass(1000);
        return start(newStore(), jar, { crossSite: true }).handle;
      });
      expect(jar.cookies.size).to.equal(5);
      expect(finish(newStore(), jar, foreign.at(-1) ?? '').pending).to.include({ crossSite: true });
      expect(finish(newStore(), jar, own).pending).to.include({ crossSite: false });
    });

    it('by rejecting a login that another site starts if this site started all others', () => {
      const jar = new Jar();
      const handles = Array.from({ length: 5 }, () => start(newStore(), jar).handle);
      const { error, lines } = start(newStore(), jar, { crossSite: true });
      expect(error).to.include({ code: 'too_many_logins', status: 429 });
      expect(lines).to.deep.equal([]);
      expect(handles.map((handle) => finish(newStore(), jar, handle).ok)).to.deep.equal(Array(5).fill(true));
    });

    it('by a mark on the cookie of a login that another site started, which cannot be removed', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar, { crossSite: true });
      expect(jar.header).to.match(/=[0-9a-z]+-\./);
      const unmarked = jar.header.replace('-.', '.');
      expect(finish(newStore(), unmarked, handle)).to.include({ ok: false, code: 'state_unknown' });
      expect(finish(newStore(), jar, handle).ok).to.equal(true);
    });

    it('by clearing expired, future and unreadable logins first', () => {
      const jar = new Jar();
      start(newStore(), jar);
      pass(600_001);
      jar.cookies.set('__Host-criteo-login.AAAAAAAAAAAAAAAA', 'garbage');
      jar.cookies.set('__Host-criteo-login.BBBBBBBBBBBBBBBB', `${(Date.now() + 120_000).toString(36)}.AAAA`);
      jar.cookies.set('__Host-criteo-login.CCCCCCCCCCCCCCCC', '');
      jar.cookies.set('__Host-criteo-login.tooShort', 'another’s');
      jar.cookies.set('sid', 'another’s');
      const { handle } = start(newStore(), jar);
      expect(jar.names.slice(0, 2)).to.deep.equal(['__Host-criteo-login.tooShort', 'sid']);
      expect(jar.names).to.have.length(3);
      expect(finish(newStore(), jar, handle).ok).to.equal(true);
    });

    it('without clearing more than 20 cookies in one response', () => {
      const planted = Array.from(
        { length: 700 },
        (_, index) => `__Host-criteo-login.${`${index}`.padStart(16, '0')}=a`,
      );
      const { req, res } = newRequest(planted.join('; '));
      let handle: string | undefined;
      newStore().store(req, undefined, undefined, meta, (_error, given) => {
        handle = given;
      });
      const lines = linesOf(res);
      expect(lines).to.have.length(21);
      expect(lines.at(-1)).to.match(/Max-Age=600/);
      const jar = new Jar();
      jar.take(lines);
      expect(finish(newStore(), [...planted, jar.header].join('; '), handle ?? '').ok).to.equal(true);
    });
  });

  it('sets a cookie of up to 4096 bytes with its attributes, and fails with state_too_large above that', () => {
    const sizes = new Set<number>();
    for (let length = 2870; length < 2890; length += 1) {
      for (const name of ['n', 'na', 'nam', 'name']) {
        const { error, lines } = start(newStore({ name }), undefined, { state: 'x'.repeat(length) });
        const size = error ? Number(/would take (\d+) bytes/.exec(String(error))?.[1]) : String(lines[0]).length;
        expect(size > 4096, `${size} bytes`).to.equal(error !== null);
        if (error) expect(error).to.include({ code: 'state_too_large' });
        sizes.add(size);
      }
    }
    expect([...sizes]).to.include.members([4096, 4097]);
  });

  describe('rejects a login', () => {
    it('that has expired, and clears its cookie', () => {
      const jar = new Jar();
      const { handle } = start(newStore({ maxAge: 60_000 }), jar, { state: 'the state' });
      pass(60_100);
      const done = finish(newStore({ maxAge: 60_000 }), jar, handle);
      expect(done).to.include({ error: null, ok: false, code: 'state_expired' });
      expect(done.message).to.match(/longer than 60 s.*maxAge/);
      expect(done.state).to.have.property('state', 'the state');
      expect(jar.names).to.deep.equal([]);

      const stateless = start(newStore(), jar).handle;
      pass(600_100);
      expect(finish(newStore(), jar, stateless).state).to.have.all.keys('code', 'message');
    });

    it('whose cookie did not come back, with the likely reasons', () => {
      const { handle } = start(newStore());
      for (const cookies of [undefined, '', 'sid=1', 'criteo-login.=1']) {
        const done = finish(newStore(), cookies, handle);
        expect(done, String(cookies)).to.include({ error: null, ok: false, code: 'state_unknown' });
        expect(done.message).to.match(/sent no cookie.*twice.*600 s.*host.*Secure.*http.*POST.*SameSite=Lax.*blocks/);
        expect(done.lines).to.deep.equal([]);
      }
    });

    it('that is not pending, and keeps those that are', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      for (const other of [
        '',
        'x',
        'A'.repeat(32),
        `${handle}x`,
        handle.toLowerCase(),
        '__proto__',
        'x'.repeat(4096),
      ]) {
        const done = finish(newStore(), jar, other);
        expect(done, other).to.include({ error: null, ok: false, code: 'state_unknown' });
        expect(done.message).to.match(/other pending logins, but not of this one.*twice.*another strategy/);
        expect(done.lines).to.deep.equal([]);
      }
      expect(finish(newStore(), jar, handle).ok).to.equal(true);
    });

    it('of another strategy, and keeps its cookie', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      for (const other of [{ strategy: 'criteo-retail' }, { clientID: 'app-2' }]) {
        expect(finish(newStore(), jar, handle, other)).to.include({ ok: false, code: 'state_unknown' });
      }
      expect(finish(newStore(), jar, handle).ok).to.equal(true);
    });

    it('whose cookie has the name of another strategy’s cookie', () => {
      const [mine, theirs] = [new Jar(), new Jar()];
      const { handle } = start(newStore(), mine);
      const other = start(newStore(), theirs, { strategy: 'criteo-retail' });
      const replayed = `${theirs.names[0]}=${[...mine.cookies.values()][0]}`;
      for (const each of [handle, other.handle]) {
        const done = finish(newStore(), replayed, each, { strategy: 'criteo-retail' });
        expect(done).to.include({ ok: false, code: 'state_unknown' });
      }
    });

    it('whose cookie belongs to another state', () => {
      const [mine, theirs] = [new Jar(), new Jar()];
      const { handle } = start(newStore(), mine);
      start(newStore(), theirs);
      const swapped = `${mine.names[0]}=${[...theirs.cookies.values()][0]}`;
      expect(finish(newStore(), swapped, handle)).to.include({ ok: false, code: 'state_unknown' });
    });

    it('whose cookie has no __Host- prefix for a browser, because white space that is not ASCII comes before it', () => {
      for (const space of ['\u00a0', '\u2000', '\ufeff']) {
        const jar = new Jar();
        const { handle } = start(newStore(), jar);
        const done = finish(newStore(), `${space}${jar.header}`, handle);
        expect(done, JSON.stringify(space)).to.include({ ok: false, code: 'state_unknown' });
      }
    });

    it('whose cookie has lost its __Host- prefix, as if another subdomain had set it', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      const done = finish(newStore(), jar.header.replace('__Host-', ''), handle);
      expect(done).to.include({ ok: false, code: 'state_unknown' });
    });

    it('whose cookie was changed in any place, cut off or made longer, and clears it', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar, { verifier });
      const [name = '', value = ''] = [...jar.cookies].flat();
      const changed = Array.from(
        value,
        (at, index) => value.slice(0, index) + (at === 'A' ? 'B' : 'A') + value.slice(index + 1),
      );
      for (const other of [...changed, '', '.', value.slice(0, 40), `${value}A`, `"${value}"`, value.repeat(40)]) {
        const done = finish(newStore(), `${name}=${other}`, handle);
        expect(done, other).to.include({ error: null, ok: false, code: 'state_unknown' });
        expect(done.message).to.match(/cannot be read.*secret.*every process/);
        expect(done.lines[0]).to.equal(`${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure`);
      }
    });

    it('whose cookie is encrypted correctly, but does not hold a pending login', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      const [name = '', value = ''] = [...jar.cookies].flat();
      const [began = ''] = value.split('.');
      const seal = new Seal('passport-criteo: pending login in a cookie', [secret]);
      const context = JSON.stringify([name, began, handle, 'criteo', 'app-1']);
      const forged = (content: unknown): string => `${name}=${began}.${seal.seal(JSON.stringify(content), context)}`;
      const right = { at: Date.now(), of: ['criteo', 'app-1'], to: meta.callbackURL };
      expect(finish(newStore(), forged(right), handle).ok).to.equal(true);
      for (const content of [null, [], {}, { ...right, at: 'now' }, { ...right, to: 7 }]) {
        expect(finish(newStore(), forged(content), handle).code, JSON.stringify(content)).to.equal('state_unknown');
      }
    });

    it('for any random Cookie header other than the one that started the login', () => {
      const jar = new Jar();
      const store = newStore();
      const { handle } = start(store, jar, { verifier });
      const [name = '', value = ''] = [...jar.cookies].flat();
      const base = fc.constantFrom(...'ABCxyz019-_.= "%\0ž');
      const near = fc
        .tuple(fc.nat(value.length), fc.nat(3), fc.string({ unit: base, maxLength: 3 }))
        .map(([at, out, put]) => value.slice(0, at) + put + value.slice(at + out));
      const names = fc.oneof(fc.constantFrom(name, name.replace('__Host-', ''), `${name}x`, '__proto__'), fc.string());
      const pairs = fc
        .tuple(names, fc.oneof(near, fc.constant(value), fc.string()))
        .filter(([itsName, itsValue]) => !(itsName.trim() === name && itsValue.split(';')[0]?.trim() === value))
        .map((pair) => pair.join('='));
      const headers = fc.oneof(
        fc.string(),
        fc.array(pairs, { maxLength: 8 }).map((all) => all.join('; ')),
      );
      fc.assert(
        fc.property(headers, (header) => {
          const { answers, error, ok, code } = finish(store, header, handle);
          expect(answers).to.have.length(1);
          expect({ error, ok, code }).to.deep.equal({ error: null, ok: false, code: 'state_unknown' });
        }),
        { numRuns: 2000 },
      );
      expect(finish(store, jar, handle).ok).to.equal(verifier);
    });
  });

  describe('after a change of its secret', () => {
    it('finishes logins that started with the former secret', () => {
      const jar = new Jar();
      const before = start(newStore(), jar);
      const rotated = newStore({ secret: [later, secret] });
      const after = start(rotated, jar);
      expect(finish(rotated, jar, before.handle).ok).to.equal(true);
      // The first encrypts: a process that knows only the former secret cannot read it.
      expect(finish(newStore(), jar.header, after.handle)).to.include({ ok: false, code: 'state_unknown' });
      expect(finish(newStore({ secret: later }), jar, after.handle).ok).to.equal(true);
    });

    it('rejects a login, and says that the secret changed, if the former secret is not given any more', () => {
      const jar = new Jar();
      const { handle } = start(newStore(), jar);
      const done = finish(newStore({ secret: [later] }), jar, handle);
      expect(done).to.include({ ok: false, code: 'state_unknown' });
      expect(done.message).to.match(/secret of CookieStateStore changed/);
    });
  });

  describe('fails with an error', () => {
    it('that names state and its size if the cookie would be too large for browsers', () => {
      const jar = new Jar();
      const fits = start(newStore(), jar, { verifier, state: 'x'.repeat(2500) });
      expect(fits.lines[0]?.length).to.be.within(3000, 4096);
      expect(finish(newStore(), jar, fits.handle).ok).to.equal(verifier);

      const { error, handle, lines } = start(newStore(), jar, { verifier, state: { text: 'ž'.repeat(2000) } });
      expect(error).to.be.an('error').and.include({ code: 'state_too_large', status: 500 });
      expect(String(error)).to.match(
        /would take 5\d\d\d bytes.*above 4096.*state of passport\.authenticate takes 4011 bytes of it/,
      );
      expect([handle, lines]).to.deep.equal(['', []]);

      const long = start(newStore(), jar, { callbackURL: `https://app.example.com/${'x'.repeat(4000)}` });
      expect(String(long.error)).to.match(/state of passport\.authenticate takes 0 bytes of it/);
    });

    it('that names state if that is not JSON', () => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      for (const state of [circle, 7n, () => {}, Symbol('s')]) {
        const { error } = start(newStore(), undefined, { state });
        expect(error).to.be.an('error').and.include({ code: 'state_invalid', status: 500 });
        expect(String(error)).to.contain('the option state of passport.authenticate');
      }
    });

    it('if there is no response, at the start and at the callback', () => {
      const { handle } = start(newStore());
      const errors: unknown[] = [];
      const req = asRequest({ headers: {} });
      newStore().store(req, undefined, undefined, meta, (error) => errors.push(error));
      newStore().verify(req, handle, meta, (error) => errors.push(error));
      for (const error of errors) expect(error).to.include({ code: 'response_missing', status: 500 });
      expect(errors).to.have.length(2);
    });

    it('once if the callback that it calls throws', () => {
      let calls = 0;
      const callback = (): void => {
        calls += 1;
        throw new Error('the application’s');
      };
      const { req } = newRequest();
      expect(() => newStore().store(req, undefined, undefined, meta, callback)).to.throw('the application’s');
      expect(() => newStore().verify(req, 'x', meta, callback)).to.throw('the application’s');
      expect(calls).to.equal(2);
    });
  });

  describe('checks its options', () => {
    const bad: [string, unknown[]][] = [
      ['secret', [undefined, null, 7, '', [], [secret, ''], [secret, null], { 0: secret }]],
      ['name', [null, '', 7, 'a b', 'a;b', 'a=b', 'ž', 'x'.repeat(65), '__Host-mine', '__secure-mine', 'a.b']],
      ['limit', [0, -1, 1.5, Number.NaN, '5', null, Number.POSITIVE_INFINITY]],
      ['maxAge', [0, -1, 1.5, Number.NaN, '5', null, Number.POSITIVE_INFINITY]],
      ['secure', [null, 1, 'auto']],
    ];
    for (const [option, values] of bad) {
      it(`and names ${option} if its value is wrong`, () => {
        for (const value of values) {
          const options = { secret, [option]: value } as CookieStateStoreOptions;
          expect(() => new CookieStateStore(options), inspect(value)).to.throw(
            TypeError,
            `CookieStateStore: the option ${option} must be `,
          );
        }
      });
    }

    it('and names secret if there are no options', () => {
      for (const none of [[], [undefined], [null], ['x'.repeat(40)]]) {
        expect(() => Reflect.construct(CookieStateStore, none), inspect(none)).to.throw(TypeError, 'the option secret');
      }
    });

    it('and does not change them', () => {
      const options = Object.freeze({ secret: Object.freeze([later, secret]), name: 'mine', limit: 2, maxAge: 1000 });
      expect(() => new CookieStateStore(options)).not.to.throw();
    });

    it('and shows no secret, be it printed, serialised or in an error', () => {
      const shown = [
        inspect(newStore(), { depth: 9, showHidden: true }),
        JSON.stringify(newStore()),
        start(newStore(), undefined, { verifier, state: 'x'.repeat(5000) }).error,
      ];
      for (const text of shown) expect(String(text)).not.to.match(/first secret|vvvvv|xxxxx/);
    });

    it('and warns of a short secret without showing it', async () => {
      const warned = once(process, 'warning');
      newStore({ secret: [secret, 'xyzzy'] });
      const [warning] = (await warned) as [Error & { code?: string }];
      expect(warning.code).to.equal('CRITEO_WEAK_SECRET');
      expect(warning.message).to.contain('the option secret').and.not.contain('xyzzy');
    });
  });
});
