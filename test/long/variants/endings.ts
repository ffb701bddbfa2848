import { expect } from 'chai';
import type { Login } from '../../../lib/index';
import type { Outcome } from '../../support/passport';
import { successOf } from '../../support/strategy';
import { promised } from './promises';
import { type Behaviours, codeOf, expectPortfolio, listed, minute, type World } from './world';

const quarter = 16 * minute;

/** Connections that end, and consent that is given again. */
export const endings: Behaviours = {
  'a revoked consent causes a response of 403, or ends the connection when Criteo refuses the refresh': async (
    world,
  ) => {
    const ended: string[] = [];
    const source = world.source({ onReauthorizationRequired: (key) => ended.push(key) });
    await source.save('ada', await world.connect());
    await world.sandbox.revoke();
    expect((await source.fetch('ada', world.path)).status).to.equal(403);
    world.clock.pass(quarter);
    const seen = promised(world.row, 'refreshAfterRevocation');
    for (let call = 0; call < 2; call += 1) {
      const outcome = await source.fetch('ada', world.path).then(({ status }) => status, codeFrom);
      expect(outcome).to.equal(seen);
    }
    expect(ended).to.deep.equal(seen === 403 ? [] : ['ada']);
    await reconnects(world, source);
  },

  'a change of the user’s role ends the connection after the access token has expired, and the user reconnects': async (
    world,
  ) => {
    const ended: string[] = [];
    const source = world.source({ onReauthorizationRequired: (key) => ended.push(key) });
    await source.save('ada', await world.connect());
    world.afterTheMinute();
    await world.sandbox.revoke(undefined, { how: 'role-change' });
    await listed(await source.fetch('ada', world.path));
    world.clock.pass(quarter);
    expect(await codeOf(source.fetch('ada', world.path))).to.equal('reauthorization_required');
    expect((await source.status('ada'))?.reauthorizeReason).to.be.a('string');
    expect(ended).to.deep.equal(['ada']);
    await reconnects(world, source);
  },

  'a second consent of the same user does not change the first connection': (world) =>
    again(world, 'Ada', 'consentAgain'),

  'a consent of another user does not change the first connection': (world) =>
    again(world, 'Ben', 'consentAgainByColleague'),
};

function codeFrom(error: unknown): string {
  return String(Object(error).code);
}

async function reconnects(world: World, source: ReturnType<World['source']>): Promise<void> {
  await source.save('ada', await world.connect());
  expect((await source.status('ada'))?.reauthorizeSince).to.equal(undefined);
  world.clock.pass(quarter);
  expect(await listed(await source.fetch('ada', world.path))).to.have.length.above(9);
}

async function again(world: World, user: string, fact: 'consentAgain' | 'consentAgainByColleague'): Promise<void> {
  const source = world.source();
  await source.save('ada', await world.connect());
  world.afterTheMinute();
  const outcome = await world.login({ user, purpose: 'authorize' });
  const seen = promised(world.row, fact);
  if (seen === 'no way back') {
    expect(outcome).to.equal(undefined);
  } else {
    const { tokens } = successOf(outcome as Outcome).user as Login;
    world.afterTheMinute();
    expectPortfolio(await world.portfolio(tokens.accessToken), seen, world.ids(user));
  }
  world.clock.pass(quarter);
  expect(await listed(await source.fetch('ada', world.path))).to.have.length.above(9);
}
