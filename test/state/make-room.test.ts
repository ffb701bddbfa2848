import { expect } from 'chai';
import fc from 'fast-check';
import { makeRoom, type Occupant } from '../../lib/state/make-room';

const login = (startedAt: number, size = 10, crossSite = false) => ({ startedAt, size, crossSite });
const times = (leaving: Occupant[]) => leaving.map(({ startedAt }) => startedAt);

describe('makeRoom', () => {
  const own = { crossSite: false, size: 10 };
  const foreign = { crossSite: true, size: 10 };
  const none = { limit: 100, bytes: 10_000 };

  it('removes no login until the limit of logins or bytes is exceeded', () => {
    const pending = [login(1), login(2)];
    expect(makeRoom(pending, own, { limit: 3, bytes: 30 })).to.deep.equal([]);
    expect(times(makeRoom(pending, own, { limit: 2, bytes: 30 }))).to.deep.equal([1]);
    expect(times(makeRoom(pending, own, { limit: 3, bytes: 29 }))).to.deep.equal([1]);
  });

  it('removes the oldest logins first, and of the same age the first of the list', () => {
    const pending = [login(3), login(1), { ...login(2), name: 'a' }, { ...login(2), name: 'b' }];
    const leaving = makeRoom(pending, own, { ...none, limit: 2 });
    expect(times(leaving)).to.deep.equal([1, 2, 2]);
    expect(leaving.slice(1)).to.deep.equal(pending.slice(2));
  });

  it('removes logins that another site started before those of this site, however young they are', () => {
    const pending = [login(1), login(9, 10, true), login(2), login(8, 10, true)];
    expect(times(makeRoom(pending, own, { ...none, limit: 4 }))).to.deep.equal([8]);
    expect(times(makeRoom(pending, own, { ...none, limit: 2 }))).to.deep.equal([8, 9, 1]);
    expect(times(makeRoom(pending, foreign, { ...none, limit: 3 }))).to.deep.equal([8, 9]);
  });

  it('throws too_many_logins if a login of another site would remove one of this site', () => {
    const pending = [login(1), login(2, 10, true), login(3)];
    for (const room of [
      { limit: 2, bytes: 10_000 },
      { limit: 100, bytes: 29 },
    ]) {
      expect(() => makeRoom(pending, foreign, room))
        .to.throw(Error, /Start the login on one of this site's own pages\.$/)
        .with.include({ code: 'too_many_logins', status: 429 });
    }
  });

  it('does not change the list', () => {
    const pending = Object.freeze([login(2), login(1)]);
    expect(times(makeRoom(pending, own, { ...none, limit: 2 }))).to.deep.equal([1]);
  });

  it('makes just enough room, and removes no login of this site for one of another site', () => {
    const occupant = fc.record({ startedAt: fc.nat(20), size: fc.nat(50), crossSite: fc.boolean() });
    const room = fc.record({ limit: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 50, max: 200 }) });
    fc.assert(
      fc.property(fc.array(occupant, { maxLength: 10 }), occupant, room, (pending, added, { limit, bytes }) => {
        const fits = (kept: Occupant[]): boolean =>
          kept.length < limit && kept.reduce((sum, { size }) => sum + size, added.size) <= bytes;
        let leaving: Occupant[];
        try {
          leaving = makeRoom(pending, added, { limit, bytes });
        } catch {
          expect(added.crossSite).to.equal(true);
          expect(fits(pending.filter(({ crossSite }) => !crossSite))).to.equal(false);
          return;
        }
        expect(fits(pending.filter((each) => !leaving.includes(each)))).to.equal(true);
        const last = leaving.at(-1);
        const oneMore = pending.filter((each) => each === last || !leaving.includes(each));
        if (last) expect(fits(oneMore)).to.equal(false);
        if (added.crossSite) expect(leaving.every(({ crossSite }) => crossSite)).to.equal(true);
      }),
    );
  });
});
