import { CriteoClient, TokenSource } from 'passport-criteo';
import { race, ratio } from '../support/race.mjs';
import { authenticate, fresh, strategies } from '../support/strategies.mjs';

// The largest ratio that counts as flat, on a machine with other load.
const FLAT = 1.25;

/** Measures a redirect in a session with pending logins, and a refresh among many connections. */
export async function measure() {
  return [...(await redirects()), ...(await refreshes())];
}

async function redirects() {
  const all = strategies();
  const cases = {};
  for (const name of ['passport-criteo', 'passport-oauth2']) {
    for (const pending of [1, 10]) {
      cases[`${name} ${pending}`] = {
        prepare: async () => {
          const session = {};
          for (let login = 1; login < pending; login += 1) await authenticate(all[name], fresh(session));
          return fresh(session);
        },
        run: (request) => authenticate(all[name], request),
      };
    }
  }
  const times = await race(cases, { calls: 300, rounds: 25 });
  const grown = (name) => ratio(times[`${name} 10`], times[`${name} 1`]);
  const { value, spread } = grown('passport-criteo');
  const theirs = `${grown('passport-oauth2').value.toFixed(2)} times`;
  const what = 'redirect, the 10th login of a session to the 1st';
  return [{ what, beside: 'passport-oauth2 (keeps one)', theirs, ratio: value, spread, aim: FLAT, aimText: 'flat' }];
}

async function refreshes() {
  const cases = {};
  const sizes = [1, 1000, 100_000];
  for (const size of sizes) {
    const { source, pass } = await sourceWith(size);
    let next = 0;
    cases[size] = () => {
      next = (next + 7919) % size;
      pass(900_000);
      return source.accessToken(`user-${next}`);
    };
  }
  const times = await race(cases, { calls: 300, rounds: 25 });
  return sizes.slice(1).map((size) => {
    const { value, spread } = ratio(times[size], times[1]);
    const what = `refresh, one connection of ${size.toLocaleString('en')} to one of 1`;
    return { what, ratio: value, spread, aim: FLAT, aimText: 'flat' };
  });
}

/** Makes a source with `size` connections and a stubbed token response. */
async function sourceWith(size) {
  const client = new CriteoClient({ clientID: 'client-1', clientSecret: 'secret-1' });
  const tokens = () => {
    const obtainedAt = Date.now();
    return { accessToken: 'access-1', tokenType: 'Bearer', obtainedAt, expiresAt: obtainedAt + 900_000 };
  };
  client.refresh = async () => tokens();
  // A source delays requests for one connection that follow each other closely, so time passes between them.
  let ahead = 0;
  const source = new TokenSource({ client, now: () => Date.now() + ahead });
  for (let key = 0; key < size; key += 1) await source.save(`user-${key}`, { ...tokens(), refreshToken: 'refresh-1' });
  const pass = (milliseconds) => {
    ahead += milliseconds;
  };
  return { source, pass };
}
