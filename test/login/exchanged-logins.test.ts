import { expect } from 'chai';
import { ExchangedLogins } from '../../lib/login/exchanged-logins';
import { collectGarbage } from '../support/garbage';

describe('ExchangedLogins', () => {
  it('adds each login once', () => {
    const logins = new ExchangedLogins();
    expect([logins.add('a'), logins.add('b'), logins.add('a'), logins.add('b')]).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
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

  it('remembers exactly 5,000 logins at the least', () => {
    const logins = new ExchangedLogins();
    for (let login = 0; login < 10_000; login += 1) logins.add(`login ${login}`);
    expect(logins.add('login 5000')).to.equal(false);
    expect(logins.add('login 4999')).to.equal(true);
  });

  it('does not keep the callback URLs that the logins came with', () => {
    const logins = new ExchangedLogins();
    const count = 5_000;
    const kilobyte = 'x'.repeat(1024);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let login = 0; login < count; login += 1) {
      // From bytes, because such a URL is a text of its own and not one put together from parts.
      const url = Buffer.from(`/callback?state=${`${login}`.padStart(32, 'h')}&code=${kilobyte}`).toString();
      const [, state = ''] = /state=(.{32})/.exec(url) ?? [];
      logins.add(state);
    }
    collectGarbage();
    expect((process.memoryUsage().heapUsed - before) / count).to.be.below(300);
    expect(logins.add(`${count - 1}`.padStart(32, 'h'))).to.equal(false);
  });
});
