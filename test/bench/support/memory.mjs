// Measures how many bytes the memory peak of this process grows because of one hostile body of 64 MB.
// Arguments: the server's origin, a strategy's name, `token` or `profile`.
import { readFileSync } from 'node:fs';
import { authenticate, comingBack, login, strategies } from './strategies.mjs';

const [origin, name, which] = process.argv.slice(2);
const strategy = strategies({ origin, profile: true })[name];
for (let warm = 0; warm < 50; warm += 1) await login(strategy);
const request = await comingBack(strategy);
const hostile = `${origin}/hostile`;
if (which === 'token') strategy._oauth2._accessTokenUrl = hostile;
else if (strategy._criteo) strategy._criteo.userProfileURL = new URL(hostile);
else strategy._userProfileURL = hostile;
global.gc();
const before = peak();
await authenticate(strategy, request).then(
  () => undefined,
  () => undefined,
);
process.send(peak() - before);

/** Returns the memory peak of this process. */
function peak() {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kilobytes ? Number(kilobytes) * 1024 : process.resourceUsage().maxRSS * 1024;
}
