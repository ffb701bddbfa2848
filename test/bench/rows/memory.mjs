import { outcomeOf, startServer } from '../support/processes.mjs';
import { median } from '../support/race.mjs';
import { authenticate, fresh, strategies } from '../support/strategies.mjs';

const execArgv = ['--expose-gc'];
const beside = 'passport-oauth2';
const MB = 1024 * 1024;

export async function measure() {
  const entry = await outcomeOf('entries.mjs', { execArgv });
  return [
    await pending('a pending login in a session, as JSON', false),
    await pending('the same, PKCE', true),
    {
      what: 'an entry of a TokenSource, tokens of 360 B included',
      ours: `${Math.round(entry)} B`,
      value: entry,
      aim: 1024,
      aimText: '≤ 1 KB',
    },
    ...(await hostile()),
  ];
}

async function pending(what, pkce) {
  const all = strategies({ pkce });
  const [ours, theirs] = [await sessionOf(all['passport-criteo']), await sessionOf(all[beside])];
  return { what, ours: `${ours} B`, beside, theirs: `${theirs} B`, value: ours, aim: 400, aimText: '≤ 400 B' };
}

async function sessionOf(strategy) {
  const request = fresh();
  await authenticate(strategy, request);
  return Buffer.byteLength(JSON.stringify(request.session));
}

/** Measures how much the memory peak grows if the token response or the profile has 64 MB. */
async function hostile() {
  const server = await startServer();
  const growth = async (name, which) => {
    const samples = [];
    for (let sample = 0; sample < 5; sample += 1) {
      samples.push(await outcomeOf('memory.mjs', { args: [server.origin, name, which], execArgv }));
    }
    return median(samples) / MB;
  };
  const rows = [];
  for (const which of ['token', 'profile']) {
    const ours = await growth('passport-criteo', which);
    // The app fetches the profile itself, so passport-google-oauth20 stands for most apps.
    const peer = which === 'token' ? beside : 'passport-google-oauth20';
    const theirs = await growth(peer, which);
    const what = `a hostile ${which} response of 64 MB: growth of the peak`;
    rows.push({
      what,
      ours: `${ours.toFixed(1)} MB`,
      beside: peer,
      theirs: `${theirs.toFixed(1)} MB`,
      value: ours,
      aim: 5,
      aimText: '≤ 5 MB',
    });
  }
  server.stop();
  return rows;
}
