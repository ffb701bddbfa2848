import { expect } from 'chai';
import { Clock } from '../../lib/tokens/clock';
import { DAY, LIFE, MINUTE, opener, start, until } from './support';

/** A clock on two that the test moves: what people see, and what only ever goes on. */
function clocks() {
  let wall = start;
  let steady = 5000;
  const clock = new Clock(
    () => wall,
    () => steady,
  );
  return {
    clock,
    pass(milliseconds: number) {
      wall += milliseconds;
      steady += milliseconds;
    },
    step(milliseconds: number) {
      wall += milliseconds;
    },
    token: () => ({ accessToken: 'a', tokenType: 'Bearer' as const, obtainedAt: wall, expiresAt: wall + LIFE }),
  };
}

describe('The clock of the option now', () => {
  const open = opener();

  it('tells how long it is until a rate limit of the API is reset', async () => {
    const { source, consent, pass, now, sandbox } = await open();
    pass(-10 * 365 * 24 * 60 * MINUTE);
    const connections = source();
    await connections.save('user-1', await consent());
    const headers = { 'x-ratelimit-reset': String(Math.ceil(now() / 1000) + 60) };
    sandbox.fault({ on: 'api', status: 429, headers });
    // Within the timeout of 10 s there is nothing to wait for.
    expect((await connections.fetch('user-1', '/2026-07/advertisers/me')).status).to.equal(429);
  });
});

describe('The time left of an access token', () => {
  const open = opener();

  it('is what its times say if the clock is never set', () => {
    const { clock, pass, token } = clocks();
    const it = token();
    pass(MINUTE);
    expect(clock.left(it, MINUTE)).to.equal(LIFE - MINUTE);
    pass(LIFE);
    expect(clock.left(it, MINUTE)).to.equal(-MINUTE);
  });

  it('is shorter after the clock was set forward, or the machine slept', () => {
    const { clock, step, token } = clocks();
    const it = token();
    step(60 * MINUTE);
    expect(clock.left(it, MINUTE)).to.be.below(0);
    expect(clock.left(token(), MINUTE)).to.equal(LIFE);
  });

  it('is zero for a token from the future, as after the clock was set back a lot', () => {
    const { clock, step, token } = clocks();
    const it = token();
    step(-60 * MINUTE);
    expect(clock.left(it, MINUTE)).to.equal(0);
    expect(clock.left(token(), MINUTE)).to.equal(LIFE);
  });

  it('allows for clocks of other machines that are ahead by less than the tolerance', () => {
    const { clock, token } = clocks();
    const { obtainedAt, expiresAt, ...it } = token();
    const ahead = (by: number) => ({ ...it, obtainedAt: obtainedAt + by, expiresAt: expiresAt + by });
    expect(clock.left(ahead(MINUTE), MINUTE)).to.equal(LIFE + MINUTE);
    expect(clock.left(ahead(MINUTE + 1), MINUTE)).to.equal(0);
  });

  it('does not grow when the clock is set back by less than the token’s age', () => {
    const { clock, pass, step, token } = clocks();
    const it = token();
    pass(10 * MINUTE);
    step(-5 * MINUTE);
    expect(clock.left(it, MINUTE)).to.equal(5 * MINUTE);
    pass(MINUTE);
    expect(clock.left(it, MINUTE)).to.equal(4 * MINUTE);
    expect(clock.left(token(), MINUTE)).to.equal(LIFE);
  });

  it('does not grow when that happens twice', () => {
    const { clock, pass, step, token } = clocks();
    const it = token();
    pass(10 * MINUTE);
    step(-2 * MINUTE);
    clock.now();
    pass(MINUTE);
    step(-2 * MINUTE);
    expect(clock.left(it, MINUTE)).to.equal(4 * MINUTE);
  });

  it('ignores the small differences between two clocks', () => {
    const { clock, pass, step, token } = clocks();
    const it = token();
    pass(MINUTE);
    step(-900);
    expect(clock.left(it, MINUTE)).to.equal(LIFE - MINUTE + 900);
  });

  it('is zero for a token from the future, which is replaced whether that is forced or not', async () => {
    for (const force of [false, true]) {
      const { source, consent, pass } = await open();
      const connections = source();
      const { accessToken, ...rest } = await consent();
      await connections.save('user-1', { accessToken, ...rest });
      pass(-MINUTE - 1);
      expect(await connections.accessToken('user-1', { force })).to.not.equal(accessToken);
    }
  });

  it('is not left to a token whose record ends before it begins, even if it begins in the future', async () => {
    for (const force of [false, true]) {
      const { source, consent, now } = await open();
      const connections = source();
      const { accessToken, ...rest } = await consent();
      const obtainedAt = now() + DAY;
      await connections.save('user-1', { accessToken, ...rest, obtainedAt, expiresAt: obtainedAt - MINUTE });
      expect(await connections.accessToken('user-1', { force })).to.not.equal(accessToken);
    }
  });

  it('decides when to refresh: no expired token is returned after the clock was set back', async () => {
    const { source, consent, pass, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(10 * MINUTE);
    await connections.accessToken('user-1');
    pass(-5 * MINUTE);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(0);
    pass(4 * MINUTE);
    await connections.accessToken('user-1');
    await until(() => asked() === 1);
  });

  for (const [what, fail] of [
    ['returns no number', () => Number.NaN],
    ['throws', () => expect.fail('no time')],
  ] as const) {
    it(`goes on from the last time if the app's clock ${what}, and the stored tokens stay readable`, async () => {
      const { consent, source, now, pass, store } = await open();
      let clock = now;
      const connections = source({ now: () => clock() });
      await connections.save('user-1', await consent());
      pass(LIFE);
      await connections.status('user-1');
      expect(await connections.accessToken('user-1')).to.equal(store.get('user-1')?.accessToken);
      clock = fail;
      const token = await connections.accessToken('user-1', { force: store.get('user-1')?.accessToken as string });
      expect(store.get('user-1')).to.include({ accessToken: token });
      expect(store.get('user-1')?.obtainedAt).to.be.within(now(), now() + MINUTE);
      clock = now;
      expect(await connections.accessToken('user-1')).to.equal(token);
    });
  }

  it('needs a clock that returns a number', async () => {
    const { source } = await open();
    expect(() => source({ now: () => 'soon' as never })).to.throw(
      TypeError,
      'TokenSource: the option now must return milliseconds',
    );
  });
});
