// How much memory a process needs for a report of 50 MB, at its peak: written to a file, and read by a program that is
// slower than the server.
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CriteoClient, TokenSource } from 'passport-criteo';
import { downloadReport } from './build/report.js';

const [apiURL] = process.argv.slice(2);
const tokens = new TokenSource({ client: new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL }) });
const times = { obtainedAt: Date.now(), expiresAt: Date.now() + 900_000 };
await tokens.save('user-1', { accessToken: 'first', tokenType: 'Bearer', refreshToken: 'refresh', ...times });
const criteo = tokens.fetcher('user-1');
const download = (kind) => downloadReport(criteo, { kind, data: {} }, 'report.csv', { every: 1 });

let peak = 0;
const look = () => {
  peak = Math.max(peak, process.memoryUsage().rss);
};
/** Returns by how many megabytes the process grew at its peak. */
async function growth(work) {
  peak = 0;
  look();
  const before = peak;
  const timer = setInterval(look, 5);
  await work();
  look();
  clearInterval(timer);
  return (peak - before) / 1024 ** 2;
}

// A process that has downloaded something before: the code is compiled, and the heap has the room that node gives it
// before it looks for garbage.
await download('of-10-MB');
const file = await growth(() => download('of-50-MB'));
const slow = await growth(async () => {
  const { body } = await criteo('/2026-07/retail-media/reports/of-50-MB/output');
  await pipeline(body, new Writable({ write: (_chunk, _encoding, done) => setTimeout(done, 1) }));
});
console.log(JSON.stringify({ file, slow }));
