import { CriteoClient } from 'passport-criteo';
import { postgresTokens } from '../../example/tokens/postgres';
import { redisTokens } from '../../example/tokens/redis';

/** What a worker process is told when it begins. */
export interface WorkerSettings {
  kind: 'redis' | 'postgres';
  url: string;
  client: { clientID: string; clientSecret: string; apiURL: string; timeout: number };
}

/** What it is asked: for the access tokens of connections, all at a time. */
export interface WorkerQuestion {
  keys: string[];
  force?: string;
}

/** What it answers: tokens, or the code of the error. */
export type WorkerAnswer = { tokens: string[] } | { code: string; message: string };

const { kind, url, client }: WorkerSettings = JSON.parse(process.argv[2] ?? '');
const make = kind === 'redis' ? redisTokens : postgresTokens;
const opened = Promise.resolve(make(new CriteoClient(client), url));

process.on('message', async ({ keys, force }: WorkerQuestion) => {
  const { tokens } = await opened;
  const answer: WorkerAnswer = await Promise.all(keys.map((key) => tokens.accessToken(key, { force }))).then(
    (tokens) => ({ tokens }),
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );
  process.send?.(answer);
});
opened.then(
  () => process.send?.('ready'),
  (error: Error) => process.send?.(error.message),
);
