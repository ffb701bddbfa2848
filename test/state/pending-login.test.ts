import { expect } from 'chai';
import fc from 'fast-check';
import {
  isFresh,
  isHandle,
  isOwn,
  newHandle,
  newLogin,
  readLogin,
  type StoredLogin,
} from '../../lib/state/pending-login';
import { metadata } from '../support/session-store';

const record: StoredLogin = { at: 1, of: ['n', 'c'], to: 't' };

describe('The handle of a login', () => {
  it('has 192 random bits in 32 characters', () => {
    const handles = new Set(Array.from({ length: 50 }, newHandle));
    expect(handles.size).to.equal(50);
    for (const handle of handles) {
      expect(isHandle(handle)).to.equal(true);
      expect(Buffer.from(handle, 'base64url')).to.have.length(24);
    }
  });

  for (const value of [
    undefined,
    null,
    7,
    '',
    'x',
    'x'.repeat(31),
    'x'.repeat(33),
    `${'x'.repeat(31)}+`,
    `${'x'.repeat(32)}\n`,
    ['x'.repeat(32)],
  ]) {
    it(`cannot be ${JSON.stringify(value)}`, () => {
      expect(isHandle(value)).to.equal(false);
    });
  }
});

describe('A pending login', () => {
  it('contains the values that are given, and no properties for others', () => {
    const before = Date.now();
    const { at, ...others } = newLogin(undefined, undefined, metadata());
    expect(at).to.be.within(before, Date.now());
    expect(others).to.deep.equal({ of: ['criteo', 'client-1'], to: metadata().callbackURL });
    const all = metadata({ boundTo: 'me', purpose: 'authorize', crossSite: true });
    const { at: _, ...full } = newLogin('verifier', null, all);
    const named = { for: 'authorize', by: 'me', via: 'cross-site', pkce: 'verifier', app: null };
    expect(full).to.deep.equal({ ...others, ...named });
  });

  it('belongs to the strategy with the same name and client id', () => {
    const mine = metadata();
    const owned = (by: object): boolean => {
      const login = readLogin(newLogin(undefined, undefined, metadata(by)));
      return login !== undefined && isOwn(login, mine);
    };
    expect(owned({})).to.equal(true);
    expect(owned({ strategy: 'other' })).to.equal(false);
    expect(owned({ clientID: 'other' })).to.equal(false);
    expect(owned({ strategy: '', clientID: 'criteo,client-1' })).to.equal(false);
  });

  const wrong: unknown[] = [
    undefined,
    null,
    'x',
    7,
    [],
    {},
    { ...record, at: '1' },
    { ...record, at: undefined },
    { ...record, of: undefined },
    { ...record, of: 'nc' },
    { ...record, of: ['n'] },
    { ...record, of: ['n', 7] },
    { ...record, of: [7, 'c'] },
    { ...record, of: ['n', 'c', 'x'] },
    { ...record, to: 7 },
    { ...record, pkce: 7 },
    { ...record, pkce: 'too-short' },
    { ...record, pkce: 'x'.repeat(129) },
    { ...record, pkce: `${'x'.repeat(43)}&code=1` },
    { ...record, pkce: ['x'.repeat(43)] },
    { ...record, pkce: null },
    { ...record, by: 7 },
    { ...record, by: null },
    { ...record, for: 'authenticate' },
    { ...record, for: null },
    { ...record, via: 'same-site' },
    { ...record, via: true },
  ];
  for (const value of wrong) {
    it(`cannot be read from ${JSON.stringify(value)}`, () => {
      expect(readLogin(value)).to.equal(undefined);
    });
  }

  it('can be read again after it was stored as JSON', () => {
    const plain = { strategy: 'criteo', clientID: 'client-1', callbackURL: metadata().callbackURL };
    const none = {
      boundTo: undefined,
      verifier: undefined,
      state: undefined,
      purpose: 'authenticate',
      crossSite: false,
    };
    const full = { boundTo: 'me', purpose: 'authorize', crossSite: true } as const;
    const verifier = 'x'.repeat(43);
    const state = { a: [1, null] };
    const cases: [object, ReturnType<typeof newLogin>][] = [
      [none, newLogin(undefined, undefined, metadata())],
      [{ ...full, verifier, state }, newLogin(verifier, state, metadata(full))],
    ];
    for (const [expected, written] of cases) {
      const read = readLogin(JSON.parse(JSON.stringify(written)));
      expect(read).to.deep.equal({ startedAt: written.at, ...plain, ...expected });
    }
  });

  it('is read without an exception from any value', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readLogin(value)));
  });

  it('is fresh up to its maximum age, and if another machine’s clock is at most a minute ahead', () => {
    const { now } = Date;
    const time = now();
    Date.now = () => time;
    try {
      const fresh = (age: number) => isFresh(time - age, 10_000);
      expect([fresh(0), fresh(10_000), fresh(-60_000)]).to.deep.equal([true, true, true]);
      expect([fresh(10_001), fresh(-60_001)]).to.deep.equal([false, false]);
      for (const none of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        expect(isFresh(none, 10_000)).to.equal(false);
      }
    } finally {
      Date.now = now;
    }
  });
});
