// What one hostile body of 64 MB costs, in a process of its own: the growth of its peak, in bytes.
// Arguments: the stand-in's origin, a strategy's name, `token` or `profile`.
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

/** The most that this process ever had in memory. */
function peak() {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kilobytes ? Number(kilobytes) * 1024 : process.resourceUsage().maxRSS * 1024;
}
