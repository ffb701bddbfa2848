import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import { start } from '../support/processes.mjs';
import { median, ratio } from '../support/race.mjs';

const ROUNDS = 7;
const REQUESTS = 2_000;
const names = ['passport-criteo', 'oauth2-mock-server'];

/**
 * Token requests that the sandbox takes in a second of processor time, beside another server for tests. The time of the
 * server's process counts alone: the client shares the machine with it, and so may others.
 */
export async function measure() {
  const servers = {};
  for (const name of names) servers[name] = await start('token-server.mjs', { args: [name] });
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    names.push(names.shift());
    for (const name of names) {
      const rate = await tokensPerSecond(servers[name]);
      if (round >= 0) rates[name].push(rate);
    }
  }
  for (const { child } of Object.values(servers)) child.disconnect();
  const { 'passport-criteo': ours, 'oauth2-mock-server': theirs } = rates;
  const figure = (values) => `${median(values).toFixed(0)} a second`;
  const { value, spread } = ratio(theirs, ours);
  return [
    {
      what: 'token requests of the sandbox on one core (ratio of times)',
      ours: figure(ours),
      beside: 'oauth2-mock-server',
      theirs: figure(theirs),
      ratio: value,
      spread,
      aim: 1,
    },
  ];
}

async function tokensPerSecond({ child, message: { url, client } }) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...client }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const before = processorSeconds(child.pid);
  const load = { url, method: 'POST', headers, body, connections: 10, amount: REQUESTS };
  const { non2xx, errors } = await autocannon(load);
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`);
  return REQUESTS / (processorSeconds(child.pid) - before);
}

/** What a process has used, in user and system mode; Linux counts in hundredths of a second. */
function processorSeconds(pid) {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}
