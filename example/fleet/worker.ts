import { DelayedError, type Job, Worker } from 'bullmq';
import { Activity } from './activity';
import { FleetConnections } from './connections';
import { FleetDatabase, type Message } from './database';
import { callsPerSecond, Limits } from './limits';
import { startMetrics } from './metrics';
import { jittered, Outage } from './outage';
import { type ConnectionJob, connectionQueue, connectRedis, Planner, planQueue } from './queue';
import { type FleetSettings, readFleetSettings, seconds } from './settings';
import { teller } from './tell';
import { type Outcome, work } from './work';

/** One process of the fleet: works on connections, and plans. Start as many as you like, on any machine. */
export async function startWorker(
  settings: FleetSettings,
  log = console.error,
  openConnections = (database: FleetDatabase, settings: FleetSettings) => new FleetConnections(database, settings),
): Promise<{ close(): Promise<void> }> {
  const { second, concurrency, callsPerMinute } = settings;
  const redis = connectRedis(settings.redisURL);
  const database = new FleetDatabase(settings.databaseURL);
  await database.prepare();
  const connections = openConnections(database, settings);
  const planner = new Planner(redis, database, settings);
  const limits = new Limits(redis, callsPerMinute);
  const outage = new Outage(redis, planner.queue, second);
  const activity = new Activity(redis);
  const metrics = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ? startMetrics() : undefined;
  const parts = { connections, database, limits, outage, calls: settings.calls };

  const later = async (job: Job, step: Outcome & { kind: 'later' }, token: string | undefined): Promise<never> => {
    if (step.isOutage) await outage.failed(step.seconds);
    const pause = Math.min(seconds.firstPause * 2 ** Math.min(job.attemptsStarted - 1, 20), seconds.longestPause);
    const milliseconds = step.seconds === undefined ? pause * second : step.seconds * 1000;
    await job.moveToDelayed(Date.now() + Math.max(jittered(milliseconds), outage.left), token);
    throw new DelayedError();
  };
  // BullMQ passes a signal to processors that have three parameters.
  const run = async (job: Job<ConnectionJob>, token?: string, signal?: AbortSignal) => {
    activity.jobs += 1;
    try {
      const outcome = await work(job.data, parts, signal as AbortSignal);
      metrics?.job(outcome.kind);
      if (outcome.kind === 'later') await later(job, outcome, token);
    } finally {
      activity.jobs -= 1;
    }
  };
  const patience = {
    lockDuration: seconds.lock * second,
    stalledInterval: seconds.lock * second,
    maxStalledCount: 100,
  };
  const connection = redis;
  const { points, duration } = callsPerSecond(callsPerMinute);
  const worker = new Worker<ConnectionJob>(connectionQueue, run, {
    ...{ connection, concurrency, ...patience },
    // A job makes at least one call: no more of them start than calls may be made.
    limiter: { max: points, duration: duration * 1000 },
  });
  // Frozen, or cut off from Redis, for too long: another process has the job.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'another process has the job');
  });
  const send = teller(settings.tellURL);
  const tell = (message: Message) =>
    send(message).catch((error: Error) => {
      log(`${message.key} could not be told: ${error.message}`);
      throw error;
    });
  const tasks: Record<string, () => Promise<unknown>> = {
    night: async () => {
      await database.startNight();
      await planner.offer();
    },
    offer: () => planner.offer(),
    tell: async () => {
      while (await database.tell(tell));
    },
  };
  const plan = new Worker(planQueue, (job) => tasks[job.name]?.() ?? Promise.resolve(), { connection, ...patience });
  for (const each of [worker, plan]) {
    // While Redis is away, each attempt to connect fails in the same way.
    let last = '';
    each.on('error', ({ message }) => {
      if (message !== last) log(`Queue: ${message}`);
      last = message;
    });
    each.on('failed', (job, error) => log(`Job ${job?.id ?? '?'} failed: ${error.message}`));
  }
  // At the start, and when Redis is back: it may have forgotten the schedule.
  const schedule = () => planner.schedule().catch((error: Error) => log(`Schedule: ${error.message}`));
  redis.on('ready', schedule);
  await schedule();

  return {
    async close() {
      redis.off('ready', schedule);
      worker.cancelAllJobs('this process ends');
      await Promise.all([worker.close(), plan.close()]);
      await connections.close();
      await planner.close();
      activity.close();
      await metrics?.close();
      await database.close();
      redis.disconnect();
    },
  };
}

if (require.main === module) {
  startWorker(readFleetSettings(process.env)).then(
    (worker) => {
      process.send?.('ready');
      let isEnding = false;
      const stop = () => {
        if (isEnding) return;
        isEnding = true;
        worker.close().then(() => process.exit(), console.error);
        // Redis or PostgreSQL is away: other processes take the jobs when their locks are over.
        setTimeout(() => process.exit(1), 25_000).unref();
      };
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
      // Started by another process that is gone.
      process.once('disconnect', stop);
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
