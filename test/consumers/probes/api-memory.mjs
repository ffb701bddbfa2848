// How many megabytes of memory a process takes, at its peak, for a report of 50 MB: written to a file, and read by a
// program that is slower than the server.
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CriteoClient, TokenSource } from 'passport-criteo';
import { downloadReport } from './build/report.js';

const [apiURL] = process.argv.slice(2);
const tokens = new TokenSource({ client: new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL }) });
const times = { obtainedAt: Date.now(), expiresAt: Date.now() + 900_000 };
await tokens.save('user-1', { accessToken: 'first', tokenType: 'Bearer', refreshToken: 'refresh', ...times });
const criteo = tokens.fetcher('user-1');

const download = (kind) => downloadReport(criteo, { kind, data: {} }, 'report.csv', { every: 1 });
const readSlowly = async () => {
  const { body } = await criteo('/2026-07/retail-media/reports/of-50-MB/output');
  await pipeline(body, new Writable({ write: (_chunk, _encoding, done) => setTimeout(done, 1) }));
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const taken = () => process.memoryUsage().rss;
const held = () => {
  // Twice: what the first finds is counted as free once the second has started.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Returns by how many megabytes a figure grows at its peak. */
async function growth(figure, every, work) {
  const before = figure();
  let peak = before;
  const look = () => {
    peak = Math.max(peak, figure());
  };
  const timer = setInterval(look, every);
  await work();
  look();
  clearInterval(timer);
  return (peak - before) / 1024 ** 2;
}

// A process that has downloaded something before: its code is compiled.
await download('of-10-MB');
console.log(
  JSON.stringify({
    taken: await growth(taken, 5, () => download('of-50-MB')),
    held: await growth(held, 200, () => download('of-50-MB')),
    heldIfSlow: await growth(held, 200, readSlowly),
  }),
);
