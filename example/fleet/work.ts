import type { FleetConnections } from './connections';
import type { FleetDatabase } from './database';
import type { Limits } from './limits';
import { afterError, afterResponse, type NextStep } from './next-step';
import type { Outage } from './outage';
import type { ConnectionJob } from './queue';

const DAY = 86_400_000;
// Every token of a consent that stands may ask for it (Criteo, "Get Portfolio").
const PORTFOLIO = '/2026-07/advertisers/me';

/** What the work needs. */
export interface Parts {
  connections: FleetConnections;
  database: FleetDatabase;
  limits: Limits;
  outage: Outage;
  calls: string[];
}

/** How a job went on: over, or again later. */
export type Outcome = { kind: 'over' } | (NextStep & { kind: 'later' });

/**
 * Does what is left to do for one connection this night. Can be repeated, and stopped, at any point: each result is
 * stored once, and what is stored is not asked for again.
 *
 * @param signal ends it before the next call: another process has the job, or this one has to end.
 */
export async function work(job: ConnectionJob, parts: Parts, signal: AbortSignal): Promise<Outcome> {
  try {
    return await makeCalls(job, parts, signal).catch((error: unknown) => {
      const step = signal.aborted ? stopped : afterError(error);
      if (step.kind === 'ended') return markEnded(job, parts, step.reason);
      return step.kind === 'never' ? giveUp(job, parts, step.reason) : step;
    });
  } catch (error) {
    // What follows from a failure may fail as well, if PostgreSQL is away.
    const step = afterError(error);
    if (step.kind === 'later') return step;
    throw error;
  }
}

async function makeCalls({ night, key }: ConnectionJob, parts: Parts, signal: AbortSignal): Promise<Outcome> {
  const { connections, database, limits, outage } = parts;
  const run = await database.run(night, key);
  if (!run || run.ended || run.outcome) return over;
  const isExpiring = run.refreshLeft === null || run.refreshLeft < 30 * DAY;
  const left = run.paused ? [] : parts.calls.filter((call) => !run.done.includes(call));
  for (const call of left) {
    const pause = outage.left || (await limits.take(key, run.accounts)) || outage.enter();
    if (signal.aborted) return stopped;
    if (pause > 0) return { ...waiting, seconds: pause / 1000 };
    const response = await connections.tokens.fetch(key, call, { signal });
    const step = afterResponse(response);
    if (step?.kind !== 'later' || !step.isOutage) outage.worked();
    if (!step) {
      await database.keep(night, key, call, await response.json(), call === left.at(-1) && !isExpiring);
      continue;
    }
    await response.body?.cancel();
    if (response.status === 429 && step.kind === 'later') await limits.block(key, run.accounts, step.seconds ?? 60);
    if (step.kind === 'ended') return markRevoked({ night, key }, parts, signal);
    return step.kind === 'never' ? giveUp({ night, key }, parts, step.reason) : step;
  }
  if (run.paused) await connections.refresh(key);
  if (isExpiring) {
    await connections.noteExpiry(key);
    await database.finish(night, key, 'done');
  }
  return over;
}

const over: Outcome = { kind: 'over' };
const waiting = { kind: 'later', isOutage: false, reason: 'a limit' } as const;
const stopped: Outcome = { ...waiting, seconds: 0, reason: 'this process does not go on with it' };
const changed: Outcome = { ...waiting, seconds: 0, reason: 'the customer has connected again meanwhile' };

/** Gives up for this night. */
async function giveUp({ night, key }: ConnectionJob, { database }: Parts, reason: string): Promise<Outcome> {
  await database.finish(night, key, 'failed', reason);
  return over;
}

/** Criteo refuses the tokens. If those that are stored now are others, of a new consent, nothing has ended. */
async function markEnded({ key }: ConnectionJob, { connections, database }: Parts, reason: string): Promise<Outcome> {
  const current = await connections.current(key);
  if (current && !current.isMarked) return changed;
  if (current) await database.end(key, current, reason);
  return over;
}

/** The API refused a call. If it refuses the portfolio as well, the consent was revoked; else it did not cover the call. */
async function markRevoked(job: ConnectionJob, parts: Parts, signal: AbortSignal): Promise<Outcome> {
  const { connections, database } = parts;
  const current = await connections.current(job.key);
  if (!current) return over;
  const response = await connections.tokens.fetch(job.key, PORTFOLIO, { signal });
  await response.body?.cancel();
  if (response.ok) return giveUp(job, parts, 'the consent does not cover the call (403)');
  const step = afterResponse(response);
  if (step?.kind === 'later') return step;
  await database.end(job.key, current, 'forbidden');
  return over;
}
