import { type JobsOptions, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { FleetDatabase } from './database';
import { type FleetSettings, seconds } from './settings';

/** A job of one connection for one night. Everything else is read from PostgreSQL when it starts. */
export interface ConnectionJob {
  night: string;
  key: string;
}

export const connectionQueue = 'fleet-connections';
export const planQueue = 'fleet-plan';

// Finished jobs leave Redis, because PostgreSQL knows what is done: a connection whose job is gone can get another one.
const jobOptions: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** Connects to Redis. Commands wait for as long as Redis is away. */
export function connectRedis(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(times * 100, 2_000) });
  redis.on('error', () => {}); // it connects again by itself
  return redis;
}

/** Fills the queue. Two planners at once, or one that is killed half-way, do no harm: jobs have names. */
export class Planner {
  readonly #connections: Queue<ConnectionJob>;
  readonly #plan: Queue;
  readonly #database: FleetDatabase;
  readonly #settings: FleetSettings;

  constructor(redis: Redis, database: FleetDatabase, settings: FleetSettings) {
    this.#connections = new Queue(connectionQueue, { connection: redis });
    this.#plan = new Queue(planQueue, { connection: redis });
    this.#database = database;
    this.#settings = settings;
    for (const queue of [this.#connections, this.#plan]) queue.on('error', () => {});
  }

  /** The queue of the connections, for its counts and its pauses. */
  get queue(): Queue<ConnectionJob> {
    return this.#connections;
  }

  /** Tells BullMQ when to start nights, look for work, and tell customers. Every process does, and after each reconnect. */
  async schedule(): Promise<void> {
    const every = seconds.plan * this.#settings.second;
    await Promise.all([
      this.#plan.upsertJobScheduler('night', { pattern: this.#settings.night, tz: 'UTC' }, { opts: jobOptions }),
      this.#plan.upsertJobScheduler('offer', { every }, { opts: jobOptions }),
      this.#plan.upsertJobScheduler('tell', { every }, { opts: jobOptions }),
    ]);
  }

  /** Puts into the queue what has to be done this night and is not there. */
  async offer(): Promise<void> {
    const night = await this.#database.night();
    if (night === undefined) return;
    const again = seconds.offerAgain * this.#settings.second;
    for (let keys = [''], pageSize = 1000; keys.length > 0; ) {
      keys = await this.#database.offer(night, again, pageSize);
      await this.#connections.addBulk(
        keys.map((key) => ({
          name: 'connection',
          data: { night, key },
          opts: { ...jobOptions, jobId: `${night}/${encodeURIComponent(key)}` },
        })),
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#connections.close(), this.#plan.close()]);
  }
}
