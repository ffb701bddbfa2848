import { randomFillSync } from 'node:crypto';

// A call for random bytes costs microseconds, however few they are: half of what the start of a login costs. So many
// bytes are fetched at once, as node's own randomUUID does.
const pool = Buffer.alloc(2048);
let used = pool.length;

/** Returns random bytes (64 at most) in base64url. No byte is returned twice, and none is kept. */
export function randomText(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('base64url', used, used + bytes);
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}
