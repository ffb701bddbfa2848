import { compared, race } from '../support/race.mjs';
import { authenticate, comingBack, modernStrategy, strategies, stubExchange } from '../support/strategies.mjs';

/** Measures the callback in process: from the request to the user, with an immediate token response and no profile. */
export async function measure() {
  const cases = { ...strategies(), 'passport-criteo, modern verify': modernStrategy() };
  const runs = {};
  for (const [name, strategy] of Object.entries(cases)) {
    stubExchange(strategy);
    runs[name] = { prepare: () => comingBack(strategy), run: (request) => authenticate(strategy, request) };
  }
  const { 'passport-criteo, modern verify': modern, ...times } = await race(runs, { calls: 500 });
  const aims = { 'passport-google-oauth20': 0.8 };
  const { 'passport-google-oauth20': google } = times;
  return [
    ...compared('callback leg', times, aims),
    ...compared('callback leg, modern verify', { modern, 'passport-google-oauth20': google }, aims, 'modern'),
  ];
}
