import { expect } from 'chai';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { hasLanded, reconcile } from '../../lib/tokens/write-conflict';

type Changes = { [name in keyof StoredTokenSet]?: StoredTokenSet[name] | undefined };

/** A record of the consent at 500. Changes to undefined leave a field out. */
function record(changes: Changes): StoredTokenSet {
  const fields: Changes = {
    accessToken: 'a1',
    tokenType: 'Bearer',
    obtainedAt: 1000,
    expiresAt: 901_000,
    refreshToken: 'r1',
    refreshTokenObtainedAt: 500,
    clientID: 'id',
    connectedAt: 500,
    version: 'v1',
    ...changes,
  };
  return JSON.parse(JSON.stringify(fields));
}

const used = record({});
const ours = record({
  accessToken: 'a2',
  refreshToken: 'r2',
  refreshTokenObtainedAt: 2000,
  obtainedAt: 2000,
  expiresAt: 902_000,
  version: 'v2',
});
/** Ours, if Criteo did not replace the refresh token. */
const unrotated = record({ accessToken: 'a2', obtainedAt: 2000, expiresAt: 902_000, version: 'v2' });
/** What the other process stored. */
const theirs = (changes: Changes) => record({ accessToken: 'a9', version: 'v9', ...changes });

describe('The record after a refresh, if another process changed it meanwhile,', () => {
  for (const [what, stored, mine] of [
    ['the connection was deleted', undefined, ours],
    ['it belongs to another client id', theirs({ clientID: 'other' }), ours],
    [
      'it has a newer access token, and Criteo did not replace the refresh token',
      theirs({ obtainedAt: 3000 }),
      unrotated,
    ],
    ['it has an access token of the same time and the same refresh token', theirs({ obtainedAt: 2000 }), unrotated],
    ['it comes from a later refresh with the same token', theirs({ refreshToken: 'r3', obtainedAt: 2500 }), ours],
    [
      'it comes from a later refresh, and its refresh token was refused',
      theirs({ refreshToken: 'r3', obtainedAt: 2500, reauthorizeSince: 2600 }),
      ours,
    ],
    ['it comes from a refresh at the same moment', theirs({ refreshToken: 'r3', obtainedAt: 2000 }), ours],
    [
      'it comes from another consent, however old',
      theirs({ refreshToken: 'r9', obtainedAt: 1500, connectedAt: 1500 }),
      ours,
    ],
  ] as const) {
    it(`stays as it is if ${what}`, () => {
      expect(reconcile(stored, used, mine)).to.equal(undefined);
    });
  }

  const mark = { reauthorizeSince: 1900, reauthorizeCheckedAt: 1900, reauthorizeReason: 'refused' } as const;
  const newer = theirs({ obtainedAt: 3000 });
  const withOurs = { refreshToken: 'r2', refreshTokenObtainedAt: 2000 };
  for (const [what, stored, next] of [
    [
      'is ours if the stored one has the refresh token that we used and an older access token',
      theirs({ obtainedAt: 1500 }),
      ours,
    ],
    [
      'is ours, with the stored date of the consent, if it was saved again with that refresh token',
      theirs({ obtainedAt: 1500, connectedAt: 700 }),
      { ...ours, connectedAt: 700 },
    ],
    [
      'is ours if the stored one has no client id, as those of earlier versions of the package',
      theirs({ clientID: undefined }),
      ours,
    ],
    [
      'is ours if the stored one has no date of the consent, as those of earlier versions of the package',
      theirs({ connectedAt: undefined }),
      ours,
    ],
    ['is ours, without the mark, if the stored one was marked as ended', theirs(mark), ours],
    [
      'is ours, without the mark, if the stored one was marked as ended and is newer',
      theirs({ ...mark, obtainedAt: 3000 }),
      ours,
    ],
    [
      'has our refresh token and the newer access token if the stored one has the refresh token that we used',
      newer,
      { ...newer, ...withOurs },
    ],
    [
      'has our refresh token and the stored access token if both access tokens are of the same time',
      theirs({ obtainedAt: 2000 }),
      { ...theirs({ obtainedAt: 2000 }), ...withOurs },
    ],
    ['is ours if the stored one comes from an earlier refresh', theirs({ refreshToken: 'r3', obtainedAt: 1500 }), ours],
    [
      'is ours, without the mark, if the stored one comes from an earlier refresh and its refresh token was refused',
      theirs({ ...mark, refreshToken: 'r3', obtainedAt: 1500 }),
      ours,
    ],
  ] as const) {
    it(`${what}, with a version of its own`, () => {
      const merged = reconcile(stored, used, ours);
      expect({ ...merged, version: '' }).to.deep.equal({ ...next, version: '' });
      expect(merged?.version).to.be.a('string').and.not.be.oneOf(['v1', 'v2', 'v9']);
    });
  }

  it('is the later one of two tokens of the app itself, if there was none before', () => {
    const app = { refreshToken: undefined, refreshTokenObtainedAt: undefined, connectedAt: undefined };
    const own = record({ ...app, accessToken: 'a2', obtainedAt: 2000 });
    expect(reconcile(theirs({ ...app, obtainedAt: 1500 }), undefined, own)).to.include({ accessToken: 'a2' });
    expect(reconcile(theirs({ ...app, obtainedAt: 2500 }), undefined, own)).to.equal(undefined);
  });
});

describe('A write that seems to have failed', () => {
  const columns: Changes = { ...ours, version: undefined };

  for (const [what, stored] of [
    ['our version', record({ version: 'v2' })],
    ['no version, as a store that drops it, and our tokens', record(columns)],
  ] as const) {
    it(`has succeeded if the store holds ${what}`, () => {
      expect(hasLanded(stored, ours)).to.equal(true);
    });
  }

  for (const [what, stored] of [
    ['another version', record({ version: 'v9' })],
    ['another access token', record({ ...columns, accessToken: 'a9' })],
    ['another refresh token', record({ ...columns, refreshToken: 'r9' })],
    ['a mark that the connection has ended', record({ ...columns, reauthorizeSince: 1900 })],
  ] as const) {
    it(`has failed if the store holds ${what}`, () => {
      expect(hasLanded(stored, ours)).to.equal(false);
      expect(hasLanded(stored, record(columns))).to.equal(false);
    });
  }
});
