import { expect } from 'chai';
import { isSameRecord, type StoredTokenSet } from '../../lib/tokens/stored-tokens';

describe('A record that is read again before a write', () => {
  const record: StoredTokenSet = {
    accessToken: 'a1',
    tokenType: 'Bearer',
    obtainedAt: 1000,
    expiresAt: 901_000,
    refreshToken: 'r1',
  };

  it('has not changed if it is equal, with a version and, in a store that drops it, without one', () => {
    expect(isSameRecord({ ...record, version: 'v1' }, { ...record, version: 'v1' })).to.equal(true);
    expect(isSameRecord(record, { ...record })).to.equal(true);
    expect(isSameRecord(undefined, undefined)).to.equal(true);
  });

  for (const [what, changes] of [
    ['version', { version: 'v9' }],
    ['access token', { accessToken: 'a9' }],
    ['refresh token', { refreshToken: 'r9' }],
    ['mark of a connection that has ended', { reauthorizeSince: 2000 }],
  ] as const) {
    it(`has changed if it has another ${what}`, () => {
      expect(isSameRecord({ ...record, ...changes }, record)).to.equal(false);
      expect(isSameRecord(record, { ...record, ...changes })).to.equal(false);
    });
  }

  it('has changed if it was deleted or is new', () => {
    expect(isSameRecord(undefined, record)).to.equal(false);
    expect(isSameRecord(record, undefined)).to.equal(false);
  });
});
