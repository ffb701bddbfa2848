import { CriteoClient, type TokenSet } from 'passport-criteo';
import { postgresTokens } from '../../example/tokens/postgres';
import { redisTokens } from '../../example/tokens/redis';

/** What a worker process is told when it starts. */
export interface WorkerSettings {
  kind: 'redis' | 'postgres';
  url: string;
  client: { clientID: string; clientSecret: string; apiURL: string; timeout: number };
}

/** What it is asked: for the access tokens of connections, all at a time; or to save the tokens of one. */
export interface WorkerQuestion {
  /** Comes back with the answer. */
  id?: number;
  keys: string[];
  force?: string;
  save?: TokenSet;
  /** Milliseconds by which its clock is ahead. */
  ahead?: number;
}

/** What it answers: tokens, in the order of the keys, with the codes of errors in their places; or the first error. */
export type WorkerAnswer = { id?: number; outcomes: string[] } & (
  | { tokens: string[] }
  | { code: string; message: string }
);

const { kind, url, client }: WorkerSettings = JSON.parse(process.argv[2] ?? '');
const make = kind === 'redis' ? redisTokens : postgresTokens;
let ahead = 0;
const opened = Promise.resolve(make(new CriteoClient(client), url, { now: () => Date.now() + ahead }));

process.on('message', async ({ id, keys, force, save, ...question }: WorkerQuestion) => {
  const { tokens } = await opened;
  ahead = question.ahead ?? ahead;
  const work = save
    ? keys.map((key) => tokens.save(key, save).then(() => 'saved'))
    : keys.map((key) => tokens.accessToken(key, { force }));
  const all = await Promise.allSettled(work);
  const failure: unknown = all.find((each) => each.status === 'rejected')?.reason;
  const outcomes = all.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code));
  const common = { outcomes, ...(id === undefined ? {} : { id }) };
  const { code, message } = (failure ?? {}) as { code: string; message: string };
  const answer: WorkerAnswer = failure ? { ...common, code, message } : { ...common, tokens: outcomes };
  process.send?.(answer);
});
// As a worker should end: nothing that Criteo has returned is lost.
process.on('SIGTERM', async () => {
  await (await opened).close();
  process.exit(0);
});
opened.then(
  () => process.send?.('ready'),
  (error: Error) => process.send?.(error.message),
);
