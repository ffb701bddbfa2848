import KeyvRedis from '@keyv/redis';
import { Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import Keyv from 'keyv';
import { type CriteoClient, TokenSource } from 'passport-criteo';

/** Tokens in Redis, refreshed by one process at a time. */
export function redisTokens(client: CriteoClient, url: string) {
  // Both must be told to throw: else a write that failed looks like one that did not, and tokens are lost.
  const adapter = new KeyvRedis(url, { throwOnErrors: true, throwOnConnectError: true });
  const store = new Keyv({ store: adapter, namespace: 'criteo-tokens', throwOnErrors: true });
  const redis = new Redis(url);
  // A process that dies leaves its lock behind for 5 s; one that lives prolongs it. Others try again for 40 s or more.
  const locks = new Redlock([redis], { retryDelay: 100, retryJitter: 50, retryCount: 400 });
  for (const emitter of [store, redis, locks]) emitter.on('error', () => {}); // whatever fails also rejects
  const tokens = new TokenSource({
    client,
    store,
    lock: (key, work) => locks.using([`criteo-lock:${key}`], 5000, work),
  });
  return {
    tokens,
    async close() {
      await adapter.disconnect(true);
      redis.disconnect();
    },
  };
}
