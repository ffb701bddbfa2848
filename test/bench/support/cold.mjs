// Logs in over TLS with a long round trip, in a process that trusts the server's certificate (NODE_EXTRA_CA_CERTS).
// Arguments: the server's port, the round trip in milliseconds, a strategy's name, milliseconds between two logins.
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { faraway } from './faraway.mjs';
import { login, strategies } from './strategies.mjs';

const [port, roundTrip, name, pause] = process.argv.slice(2);
const samples = [];
// The first login is for warm-up.
for (let sample = 0; sample < (Number(pause) > 1000 ? 2 : 8); sample += 1) {
  const way = await faraway(Number(port), Number(roundTrip));
  const strategy = strategies({ origin: `https://localhost:${way.port}`, profile: true })[name];
  https.globalAgent.destroy();
  const cold = await timed(() => login(strategy), way);
  await sleep(sample === 0 ? 0 : Number(pause));
  samples.push({ cold, next: await timed(() => login(strategy), way) });
}
process.send(samples.slice(1));

async function timed(run, { seen }) {
  const before = seen.connections;
  const began = performance.now();
  await run();
  return { roundTrips: (performance.now() - began) / Number(roundTrip), connections: seen.connections - before };
}
