import { expect } from 'chai';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { hasLanded, reconcile } from '../../lib/tokens/write-conflict';

describe('The record after a refresh, if another process changed it meanwhile,', () => {
  const record = (changes: Partial<StoredTokenSet>): StoredTokenSet => ({
    accessToken: 'a1',
    tokenType: 'Bearer',
    obtainedAt: 1000,
    expiresAt: 901_000,
    refreshToken: 'r1',
    clientID: 'id',
    connectedAt: 500,
    version: 'v1',
    ...changes,
  });
  const used = record({});
  const ours = record({ accessToken: 'a2', refreshToken: 'r2', obtainedAt: 2000, version: 'v2' });

  it('is what is stored if the connection was deleted or belongs to another client id', () => {
    expect(reconcile(undefined, used, ours)).to.equal(undefined);
    expect(reconcile(record({ version: 'v9', clientID: 'other' }), used, ours)).to.equal(undefined);
  });

  it('has our refresh token if the stored one is the one that we used', () => {
    const saved = record({ accessToken: 'a9', obtainedAt: 3000, version: 'v9' });
    expect(reconcile(saved, used, ours)).to.include({ accessToken: 'a9', refreshToken: 'r2' });
    const older = record({ accessToken: 'a9', obtainedAt: 1500, version: 'v9', connectedAt: 700 });
    const merged = reconcile(older, used, ours);
    expect(merged).to.include({ accessToken: 'a2', refreshToken: 'r2', connectedAt: 700 });
    expect(merged?.version).to.be.a('string').and.not.equal('v2').and.not.equal('v9');
  });

  it('is ours, without the mark, if the connection was marked as ended', () => {
    const dead = record({ version: 'v9', reauthorizeSince: 1900, reauthorizeReason: 'refused' });
    expect(reconcile(dead, used, ours))
      .to.include({ refreshToken: 'r2' })
      .and.not.have.property('reauthorizeSince');
  });

  it('is what is stored if that is newer and Criteo did not replace the refresh token', () => {
    const newer = record({ accessToken: 'a9', obtainedAt: 3000, version: 'v9' });
    expect(reconcile(newer, used, record({ accessToken: 'a2', obtainedAt: 2000 }))).to.equal(undefined);
  });

  it('is that of the later of two refreshes of one consent', () => {
    const sibling = record({ refreshToken: 'r3', obtainedAt: 1500, version: 'v9' });
    expect(reconcile(sibling, used, ours)).to.include({ refreshToken: 'r2' });
    expect(reconcile({ ...sibling, obtainedAt: 2500 }, used, ours)).to.equal(undefined);
  });

  it('is that of another consent, however old it is', () => {
    const consent = record({ refreshToken: 'r9', obtainedAt: 1500, connectedAt: 1500, version: 'v9' });
    expect(reconcile(consent, used, ours)).to.equal(undefined);
  });

  it('is ours already if the write succeeded although it seemed to fail', () => {
    expect(hasLanded(record({ version: 'v2' }), ours)).to.equal(true);
    expect(hasLanded(record({ version: 'v9' }), ours)).to.equal(false);
    const { version: _, ...columns } = ours;
    expect(hasLanded(columns, ours)).to.equal(true);
    expect(hasLanded({ ...columns, reauthorizeSince: 1 }, ours)).to.equal(false);
  });
});
