import { expect } from 'chai';
import { ExchangedLogins } from '../../lib/login/exchanged-logins';

describe('ExchangedLogins', () => {
  const { now } = performance;
  let passed = 0;
  beforeEach(() => {
    passed = 0;
    performance.now = () => 1_000_000 + passed;
  });
  afterEach(() => {
    performance.now = now;
  });

  it('adds each login once', () => {
    const logins = new ExchangedLogins();
    expect([logins.add('a'), logins.add('b'), logins.add('a'), logins.add('b')]).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
  });

  it('remembers a login for ten minutes, and forgets it after twenty if other logins are added', () => {
    const logins = new ExchangedLogins();
    logins.add('first');
    passed = 599_000;
    logins.add('a');
    passed = 1_198_000;
    logins.add('b');
    expect(logins.add('a')).to.equal(false);
    passed = 1_800_000;
    logins.add('c');
    expect([logins.add('b'), logins.add('first')]).to.deep.equal([false, true]);
  });

  it('remembers the last 5,000 logins, and no more than twice as many', () => {
    const logins = new ExchangedLogins();
    for (let login = 0; login < 12_000; login += 1) logins.add(`login ${login}`);
    const known = (from: number, to: number): number => {
      let count = 0;
      for (let login = from; login < to; login += 1) count += logins.add(`login ${login}`) ? 0 : 1;
      return count;
    };
    // Two generations: from 5,000 and from 10,000.
    expect(known(5_000, 12_000)).to.equal(7_000);
    expect(known(0, 2_000)).to.equal(0);
  });
});
