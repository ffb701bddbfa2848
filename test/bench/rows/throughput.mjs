import autocannon from 'autocannon';
import { start, startServer } from '../support/processes.mjs';
import { median, ratio } from '../support/race.mjs';

const ROUNDS = 9;
const names = ['passport-criteo', 'passport-google-oauth20'];

/** Measures logins per second through Express 5 with sessions. App, token server and clients are separate processes. */
export async function measure() {
  const server = await startServer();
  const apps = {};
  for (const name of names) apps[name] = await start('app.mjs', { args: [name, server.origin] });
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    names.push(names.shift());
    for (const name of names) {
      const rate = await loginsPerSecond(apps[name].message);
      if (round >= 0) rates[name].push(rate);
    }
  }
  for (const { child } of Object.values(apps)) child.disconnect();
  server.stop();
  const { 'passport-criteo': ours, 'passport-google-oauth20': theirs } = rates;
  const figure = (values) => `${median(values).toFixed(0)} a second`;
  return [
    {
      what: 'logins through Express 5 with sessions (ratio of times)',
      ours: figure(ours),
      beside: 'passport-google-oauth20',
      theirs: figure(theirs),
      ...renamed(ratio(theirs, ours)),
      aim: 1,
    },
  ];
}

const renamed = ({ value, spread }) => ({ ratio: value, spread });

async function loginsPerSecond(port) {
  let signedIn = 0;
  const begin = {
    path: '/login',
    onResponse: (_status, _body, context, headers) => {
      context.cookie = String(headers['set-cookie'] ?? headers['Set-Cookie']).split(';')[0];
      context.state = new URL(headers.location ?? headers.Location).searchParams.get('state');
    },
  };
  const finish = {
    setupRequest: (request, { cookie, state }) => ({
      ...request,
      path: `/auth/callback?code=code-1&state=${state}`,
      headers: { ...request.headers, cookie },
    }),
    onResponse: (status) => {
      if (status === 200) signedIn += 1;
    },
  };
  const { duration, non2xx } = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: 10,
    duration: 2,
    requests: [begin, finish],
  });
  // Each login is one redirect and one 200. Only the last login of each connection may be incomplete.
  if (signedIn < non2xx * 0.9) throw new Error(`Only ${signedIn} of ${non2xx} logins came through`);
  return signedIn / duration;
}
