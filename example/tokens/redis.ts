import { type Lock, Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import { type CriteoClient, type StoredTokenSet, TokenSource, type TokenSourceOptions } from 'passport-criteo';

// Redis runs a script in one step. The answer is 1 if the store still held what was expected.
const compareAndSet = `
  local stored = redis.call('GET', KEYS[1])
  if ARGV[1] == 'absent' then
    if stored then return 0 end
  elseif not stored or (cjson.decode(stored).version or '') ~= ARGV[2] then
    return 0
  end
  if ARGV[3] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[3]) end
  return 1`;

/** Tokens as JSON: a write that another process has overtaken changes nothing. */
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
    // With compareAndSet, a TokenSource uses neither; they are for your own scripts.
    set: (key: string, tokens: T) => redis.set(name(key), JSON.stringify(tokens)),
    delete: (key: string) => redis.del(name(key)),
  };
}

/** Waits long for a lock, and not at all for the end of one that is lost: Redlock would ask 400 times for that, too. */
class Locks extends Redlock {
  override extend(lock: Lock, duration: number) {
    return super.extend(lock, duration, { retryCount: 0 });
  }

  override release(lock: Lock) {
    return super.release(lock, { retryCount: 0 });
  }
}

/** Tokens in Redis, refreshed by one process at a time. */
export function redisTokens(client: CriteoClient, url: string, options: Partial<TokenSourceOptions> = {}) {
  const redis = new Redis(url, { maxRetriesPerRequest: 2 });
  // A process that dies leaves its lock behind for 5 s; one that lives prolongs it. Others try again for 40 s: four times
  // the client's timeout.
  const locks = new Locks([redis], { retryDelay: 100, retryJitter: 50, retryCount: 400 });
  for (const emitter of [redis, locks]) emitter.on('error', () => {}); // whatever fails also rejects
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
