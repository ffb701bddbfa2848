import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { lastMinutes, livingWorkers, type Minute } from './activity';
import { FleetDatabase } from './database';
import { connectionQueue, connectRedis } from './queue';
import { readTrial } from './trial';

/** What there is to know of a fleet at one moment. */
export interface FleetStatus {
  night: string | undefined;
  connections: Awaited<ReturnType<FleetDatabase['counts']>>;
  queue: { waiting: number; working: number; later: number };
  /** The last minutes, the present one last. */
  minutes: Minute[];
  workers: Awaited<ReturnType<typeof livingWorkers>>;
  callsPerMinute: number;
}

const MINUTES = 30;
const ROWS = 5;
const steps = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Reads the status from PostgreSQL and Redis. */
export async function readStatus(redisURL: string, databaseURL: string, callsPerMinute: number): Promise<FleetStatus> {
  const database = new FleetDatabase(databaseURL);
  const redis = connectRedis(redisURL);
  const queue = new Queue(connectionQueue, { connection: redis });
  try {
    const [night, connections, counts, minutes, workers] = await Promise.all([
      database.night(),
      database.counts(),
      queue.getJobCounts('wait', 'prioritized', 'active', 'delayed'),
      lastMinutes(redis, MINUTES),
      livingWorkers(redis),
    ]);
    const { wait = 0, prioritized = 0, active = 0, delayed = 0 } = counts;
    const jobs = { waiting: wait + prioritized, working: active, later: delayed };
    return { night, connections, queue: jobs, minutes, workers, callsPerMinute };
  } finally {
    await queue.close();
    redis.disconnect();
    await database.close();
  }
}

/** Draws the status with text. */
export function drawStatus(status: FleetStatus): string {
  const { night, connections, queue, minutes, workers, callsPerMinute } = status;
  const { connections: all, paused, ended, done, failed, untold } = connections;
  const due = all - ended - paused;
  const left = Math.max(0, due - done - failed);
  const share = due > 0 ? done / due : 0;
  const last = minutes.at(-2) ?? minutes.at(-1);
  const sum = (name: keyof Minute) => minutes.reduce((total, minute) => total + minute[name], 0);
  const lines = [
    night === undefined ? 'No night has started yet' : `Night of ${night}`,
    '',
    row('connections', all, `${number(paused)} paused`),
    row('done', done, `${'█'.repeat(Math.round(share * 30)).padEnd(30, '░')} ${Math.floor(share * 100)} %`),
    row('to do', left, jobs(queue)),
    row('given up', failed, failed > 0 ? 'why: table fleet_runs' : ''),
    row('need customer', ended, `${number(untold)} not told yet`),
    '',
    `calls of the API a minute, the limit is ${number(callsPerMinute)}; in the last full minute ${number(last?.api ?? 0)}`,
    ...chart(
      minutes.map(({ api }) => api),
      callsPerMinute,
    ),
    '',
    `in ${MINUTES} minutes: ${number(sum('api'))} calls, ${number(sum('token'))} refreshes, ` +
      `${number(sum('limited'))} refused by a limit, ${number(sum('failed'))} failed`,
    '',
    ...(workers.length === 0 ? ['no worker is alive'] : workers.map(worker)),
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, count: number, rest: string): string {
  return `${name.padEnd(14)}${number(count).padStart(9)}   ${rest}`.trimEnd();
}

function jobs({ waiting, working, later }: FleetStatus['queue']): string {
  return `${number(waiting)} waiting, ${number(working)} being worked on, ${number(later)} later`;
}

function worker({ name, jobs, memory }: FleetStatus['workers'][number]): string {
  return `worker ${name}: ${jobs} jobs, ${memory} MB`;
}

/** Draws columns, so that the limit is as high as the chart; what is above it shows a `!`. */
function chart(values: number[], limit: number): string[] {
  const width = String(limit).length;
  return Array.from({ length: ROWS }, (_, at) => {
    const base = ROWS - 1 - at;
    const cells = values.map((value) => {
      if (at === 0 && value > limit) return '!';
      const filled = Math.round((value / limit) * ROWS * 8) - base * 8;
      return steps[Math.min(Math.max(value > 0 && base === 0 ? 1 : 0, filled), 8)];
    });
    const label = at === 0 ? String(limit) : at === ROWS - 1 ? '0' : '';
    return `${label.padStart(width)} ┤${cells.join('')}`;
  });
}

function number(value: number): string {
  return value.toLocaleString('en');
}

async function show(): Promise<void> {
  const env = { ...(await readTrial()), ...process.env };
  const { REDIS_URL, DATABASE_URL, CALLS_PER_MINUTE = '250' } = env;
  if (!REDIS_URL || !DATABASE_URL) throw new Error('Set REDIS_URL and DATABASE_URL, or start npm run fleet first');
  const watch = process.argv.includes('--watch');
  do {
    const text = drawStatus(await readStatus(REDIS_URL, DATABASE_URL, Number(CALLS_PER_MINUTE)));
    process.stdout.write(watch ? `\u001b[2J\u001b[H${text}` : text);
    if (watch) await sleep(2_000);
  } while (watch);
}

if (require.main === module) {
  show().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
