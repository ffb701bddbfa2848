import { type Lock, Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import { type CriteoClient, type StoredTokenSet, TokenSource, type TokenSourceOptions } from 'passport-criteo';

// Redis runs a script in one step. It returns 1 if the stored version was the expected one.
const compareAndSet = `
  local stored = redis.call('GET', KEYS[1])
  if ARGV[1] == 'absent' then
    if stored then return 0 end
  elseif not stored or (cjson.decode(stored).version or '') ~= ARGV[2] then
    return 0
  end
  if ARGV[3] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[3]) end
  return 1`;

/** Stores tokens as JSON. A write has no effect if another process has changed the tokens before. */
export function redisStore<T extends { version?: string } = StoredTokenSet>(redis: Redis) {
  const name = (key: string) => `criteo-tokens:${key}`;
  return {
    async get(key: string): Promise<T | undefined> {
      const text = await redis.get(name(key));
      return text === null ? undefined : JSON.parse(text);
    },
    async compareAndSet(key: string, expected: string | undefined, tokens: T | undefined): Promise<boolean> {
      const state = expected === undefined ? 'absent' : 'present';
      const text = tokens ? JSON.stringify(tokens) : '';
      return (await redis.eval(compareAndSet, 1, name(key), state, expected ?? '', text)) === 1;
    },
    // A TokenSource uses compareAndSet instead of these two. They are for your own scripts.
    set: (key: string, tokens: T) => redis.set(name(key), JSON.stringify(tokens)),
    delete: (key: string) => redis.del(name(key)),
  };
}

/** Tries again to acquire a lock only. Redlock would try 400 times to extend or release a lost lock, too. */
class Locks extends Redlock {
  override extend(lock: Lock, duration: number) {
    return super.extend(lock, duration, { retryCount: 0 });
  }

  override release(lock: Lock) {
    return super.release(lock, { retryCount: 0 });
  }
}

/** Makes a TokenSource with a store and a lock in Redis. */
export function redisTokens(client: CriteoClient, url: string, options: Partial<TokenSourceOptions> = {}) {
  const redis = new Redis(url, { maxRetriesPerRequest: 2 });
  // A lock ends after 5 s unless its process extends it. Other processes try for 40 s, four times the client's timeout.
  const locks = new Locks([redis], { retryDelay: 100, retryJitter: 50, retryCount: 400 });
  for (const emitter of [redis, locks]) emitter.on('error', () => {}); // every failure also rejects a promise
  const tokens = new TokenSource({
    client,
    store: redisStore(redis),
    lock: (key, work) => locks.using([`criteo-lock:${key}`], 5_000, work),
    ...options,
  });
  return {
    tokens,
    async close() {
      await tokens.close();
      redis.disconnect();
    },
  };
}
