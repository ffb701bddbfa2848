import { createHash, randomBytes } from 'node:crypto';
import { compared, race } from '../support/race.mjs';
import { authenticate, fresh, strategies } from '../support/strategies.mjs';

/** Measures the redirect to the consent page, in process. */
export async function measure() {
  return [...(await leg('redirect leg', false)), ...(await leg('redirect leg, PKCE', true))];
}

async function leg(what, pkce) {
  const cases = { ...strategies({ pkce }), 'the floor: random bytes and a string': floor(pkce) };
  const runs = Object.fromEntries(
    Object.entries(cases).map(([name, strategy]) => [name, () => authenticate(strategy, fresh())]),
  );
  const times = await race(runs, { calls: 1000 });
  return compared(what, times, {
    'passport-google-oauth20': 0.6,
    'the floor: random bytes and a string': 1.5,
  });
}

/** The minimum of such a strategy, without storing the login. */
function floor(pkce) {
  const prefix = 'https://criteo.example/consent?response_type=code&client_id=client-1&redirect_uri=https%3A%2F%2Fapp';
  return {
    authenticate() {
      let url = `${prefix}&state=${randomBytes(24).toString('base64url')}`;
      if (pkce) {
        const verifier = randomBytes(32).toString('base64url');
        url += `&code_challenge=${createHash('sha256').update(verifier).digest('base64url')}&code_challenge_method=S256`;
      }
      this.redirect(url);
    },
  };
}
