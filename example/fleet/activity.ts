import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';

/** What one process has asked of Criteo in a minute. */
export interface Minute {
  api: number;
  token: number;
  /** Responses 429. */
  limited: number;
  /** No response, or one with a status of 500 and more. */
  failed: number;
}

// A chart shows half an hour.
const KEPT = 3_600;
const minuteNow = () => Math.floor(Date.now() / 60_000);

/** Counts this process's requests to Criteo, from the diagnostics channel, and tells Redis every second that it lives. */
export class Activity {
  readonly #redis: Redis;
  readonly #timer: NodeJS.Timeout;
  readonly #name = `${hostname()}/${process.pid}`;
  #counts = emptyMinute();
  /** Jobs that this process works on. */
  jobs = 0;

  constructor(redis: Redis) {
    this.#redis = redis;
    subscribe('passport-criteo:exchange', this.#count);
    this.#timer = setInterval(() => this.#tell(), 1_000);
  }

  readonly #count = (event: unknown): void => {
    const { endpoint, status = 0, outcome } = event as { endpoint: string; status?: number; outcome: string };
    this.#counts[endpoint.endsWith('/oauth2/token') ? 'token' : 'api'] += 1;
    if (status === 429) this.#counts.limited += 1;
    if (status >= 500 || outcome !== 'answered') this.#counts.failed += 1;
  };

  #tell(): void {
    // Redis is away: what was counted waits.
    if (this.#redis.status !== 'ready') return;
    const counts = this.#counts;
    this.#counts = emptyMinute();
    const minute = `fleet-minute:${minuteNow()}`;
    const pipeline = this.#redis.pipeline();
    for (const [name, count] of Object.entries(counts)) if (count > 0) pipeline.hincrby(minute, name, count);
    pipeline.expire(minute, KEPT);
    const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
    pipeline.set(`fleet-worker:${this.#name}`, JSON.stringify({ jobs: this.jobs, memory }), 'EX', 5);
    pipeline.exec().catch(() => {});
  }

  close(): void {
    clearInterval(this.#timer);
    unsubscribe('passport-criteo:exchange', this.#count);
    this.#tell();
  }
}

function emptyMinute(): Minute {
  return { api: 0, token: 0, limited: 0, failed: 0 };
}

/** Returns what all processes have asked in each of the last minutes, the present one last. */
export async function lastMinutes(redis: Redis, count: number): Promise<Minute[]> {
  const now = minuteNow();
  const pipeline = redis.pipeline();
  for (let ago = count - 1; ago >= 0; ago -= 1) pipeline.hgetall(`fleet-minute:${now - ago}`);
  const all = (await pipeline.exec()) ?? [];
  return all.map(([, fields]) => {
    const minute = emptyMinute();
    for (const [name, value] of Object.entries(fields ?? {})) minute[name as keyof Minute] = Number(value);
    return minute;
  });
}

/** Returns the processes that lived some seconds ago. */
export async function livingWorkers(redis: Redis): Promise<{ name: string; jobs: number; memory: number }[]> {
  const keys: string[] = [];
  for await (const some of redis.scanStream({ match: 'fleet-worker:*', count: 1000 })) keys.push(...(some as string[]));
  if (keys.length === 0) return [];
  const values = await redis.mget(keys);
  return keys
    .flatMap((key, index) => {
      const value = values[index];
      return value ? [{ name: key.slice('fleet-worker:'.length), ...JSON.parse(value) }] : [];
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}
