import { expect } from 'chai';
import fc from 'fast-check';
import {
  isFresh,
  isHandle,
  isOwn,
  type LoginRecord,
  newHandle,
  newRecord,
  pendingLogin,
  readRecord,
} from '../../lib/state/pending-login';
import { metadata } from './session-support';

const record: LoginRecord = { at: 1, of: ['n', 'c'], to: 't' };

describe('A handle', () => {
  it('is 192 random bits in 32 characters', () => {
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
    it(`is not ${JSON.stringify(value)}`, () => {
      expect(isHandle(value)).to.equal(false);
    });
  }
});

describe('A login’s record', () => {
  it('holds what there is, and nothing for what there is not', () => {
    const before = Date.now();
    const { at, ...others } = newRecord(undefined, undefined, metadata());
    expect(at).to.be.within(before, Date.now());
    expect(others).to.deep.equal({ of: ['criteo', 'client-1'], to: metadata().callbackURL });
    const { at: _, ...full } = newRecord('verifier', null, metadata({ boundTo: 'me' }));
    expect(full).to.deep.equal({ ...others, pkce: 'verifier', app: null, by: 'me' });
  });

  it('belongs to a name and a client id, both of them', () => {
    const mine = metadata();
    expect(isOwn(newRecord(undefined, undefined, mine), mine)).to.equal(true);
    for (const others of [
      { strategy: 'other' },
      { clientID: 'other' },
      { strategy: '', clientID: 'criteo,client-1' },
    ]) {
      expect(isOwn(newRecord(undefined, undefined, metadata(others)), mine)).to.equal(false);
    }
  });

  it('is given back with the one who began it, where that is known', () => {
    expect(pendingLogin(record)).to.deep.equal({ callbackURL: 't' });
    expect(pendingLogin({ ...record, by: 'me' })).to.deep.equal({ callbackURL: 't', boundTo: 'me' });
  });

  const wrong: unknown[] = [
    undefined,
    null,
    'x',
    7,
    [],
    {},
    { ...record, at: '1' },
    { ...record, at: Number.NaN },
    { ...record, at: Number.POSITIVE_INFINITY },
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
    { ...record, by: 7 },
  ];
  for (const value of wrong) {
    it(`is not read from ${JSON.stringify(value)}`, () => {
      expect(readRecord(value)).to.equal(undefined);
    });
  }

  it('is read from what was written, after a way through JSON', () => {
    for (const [verifier, state] of [
      [undefined, undefined],
      ['x'.repeat(43), { a: [1, null] }],
    ] as const) {
      const written = newRecord(verifier, state, metadata({ boundTo: 'me' }));
      expect(readRecord(JSON.parse(JSON.stringify(written)))).to.deep.equal(written);
    }
  });

  it('is read from anything at all without a throw', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readRecord(value)));
  });

  it('is fresh up to its age, and where another machine’s clock is a little ahead', () => {
    const now = Date.now();
    const of = (at: number) => isFresh({ ...record, at }, 10_000);
    expect([of(now), of(now - 9_000), of(now + 30_000)]).to.deep.equal([true, true, true]);
    expect([of(now - 10_100), of(now + 61_000), of(0)]).to.deep.equal([false, false, false]);
  });
});
