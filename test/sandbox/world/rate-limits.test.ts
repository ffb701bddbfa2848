import { expect } from 'chai';
import { readOptions } from '../../../lib/sandbox/options';
import { RateLimits } from '../../../lib/sandbox/world/rate-limits';
import { World } from '../../../lib/sandbox/world/world';

describe('sandbox: rate limits', () => {
  it('forget the minutes that are over, so that they do not fill the memory', () => {
    const world = new World(readOptions({}));
    const limits = new RateLimits();
    const app = world.apps.first;
    for (let number = 0; number < 1_500; number++) {
      const user = world.users.add({ id: `u${number}`, name: 'U', advertisers: 1, accounts: 1 });
      limits.spend(app, world.grants.grant(app, user, 'login', []), 1);
      world.users.remove(user);
    }
    expect(limits.size).to.equal(1_500);
    app.clock.advance(60_000);
    limits.spend(app, undefined, 0);
    expect(limits.size).to.equal(1);
  });
});
