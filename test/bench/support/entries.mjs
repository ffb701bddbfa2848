// Measures the bytes of heap that a connection takes in a TokenSource with its default store, with an access token of 300
// characters and a refresh token of 60. The lengths of Criteo's tokens are not documented.
import { CriteoClient, TokenSource } from 'passport-criteo';

const ENTRIES = 20_000;
const source = new TokenSource({ client: new CriteoClient({ clientID: 'client-1', clientSecret: 'secret-1' }) });
await save('warm-up');
global.gc();
const before = process.memoryUsage().heapUsed;
for (let entry = 0; entry < ENTRIES; entry += 1) await save(`user-${entry}`);
await new Promise(setImmediate);
global.gc();
process.send((process.memoryUsage().heapUsed - before) / ENTRIES);

async function save(key) {
  // Separate strings, not slices of another one.
  const text = (length) => Buffer.alloc(length, key).toString('latin1');
  const now = Date.now();
  const tokens = { accessToken: text(300).replace(/[^a-z0-9]/g, '-'), refreshToken: text(60), tokenType: 'Bearer' };
  await source.save(key, { ...tokens, obtainedAt: now, expiresAt: now + 900_000 });
}
