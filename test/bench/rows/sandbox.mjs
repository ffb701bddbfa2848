import autocannon from 'autocannon';
import { start } from '../support/processes.mjs';
import { median, ratio } from '../support/race.mjs';

const ROUNDS = 7;
const names = ['passport-criteo', 'oauth2-mock-server'];

/** Measures the token requests per second of the sandbox, on one core, and of another test server. */
export async function measure() {
  const servers = {};
  for (const name of names) servers[name] = await start('token-server.mjs', { args: [name] });
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    names.push(names.shift());
    for (const name of names) {
      const rate = await tokensPerSecond(servers[name].message);
      if (round >= 0) rates[name].push(rate);
    }
  }
  for (const { child } of Object.values(servers)) child.disconnect();
  const { 'passport-criteo': ours, 'oauth2-mock-server': theirs } = rates;
  const figure = (values) => `${median(values).toFixed(0)} a second`;
  const { value, spread } = ratio(theirs, ours);
  return [
    {
      what: 'token requests of the sandbox (ratio of times); aim: 2000 a second',
      ours: figure(ours),
      beside: 'oauth2-mock-server',
      theirs: figure(theirs),
      ratio: value,
      spread,
      aim: 1,
    },
  ];
}

async function tokensPerSecond({ url, client }) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...client }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { duration, non2xx, errors, ...result } = await autocannon({
    url,
    method: 'POST',
    headers,
    body,
    connections: 10,
    duration: 2,
  });
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`);
  return result['2xx'] / duration;
}
