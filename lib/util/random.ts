import { randomFillSync } from 'node:crypto';

// Asking node for random bytes costs microseconds, however few they are: half of what beginning a login costs. So, as
// node's own randomUUID does, many are asked for at once.
const pool = Buffer.alloc(2048);
let used = pool.length;

/** So many random bytes (64 at most) in base64url. None is given twice, and those given are kept nowhere. */
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
