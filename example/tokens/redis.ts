import KeyvRedis from '@keyv/redis';
import { Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import Keyv from 'keyv';
import { type CriteoClient, TokenSource } from 'passport-criteo';

/** Tokens in Redis, refreshed by one process at a time. */
export function redisTokens(client: CriteoClient, url: string) {
  const store = new Keyv({ store: new KeyvRedis(url), namespace: 'criteo-tokens', throwOnErrors: true });
  const redis = new Redis(url);
  // A process that dies leaves its lock behind for 5 s; one that lives prolongs it. Others try again for 40 s.
  const locks = new Redlock([redis], { retryDelay: 100, retryJitter: 50, retryCount: 400 });
  for (const emitter of [store, redis, locks]) emitter.on('error', () => {}); // every failure also rejects
  const tokens = new TokenSource({
    client,
    store,
    lock: (key, work) => locks.using([`criteo-lock:${key}`], 5000, work),
  });
  return {
    tokens,
    async close() {
      await store.disconnect();
      redis.disconnect();
    },
  };
}
