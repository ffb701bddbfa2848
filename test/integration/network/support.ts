// A process that sends requests to a server on command, and reports the results. Its argument: the timeout in milliseconds.
import { get } from 'node:http';
import { CriteoClient, CriteoStrategy, TokenSource } from '../../../lib/index';

const timeout = Number(process.argv[2]);

interface Command {
  job: string;
  apiURL: string;
}

type Job = (client: CriteoClient, source: TokenSource) => Promise<string>;

const jobs: Record<string, Job> = {
  refresh: async (client) => (await client.refresh('rt-0')).accessToken,
  headers: async (_client, source) => (await source.fetch('key', '/report')).text(),
  body: async (_client, source) => {
    const response = await source.fetch('key', '/report');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      text += Buffer.from(value ?? []).toString();
      process.send?.({ read: text });
    }
    return text;
  },
  start: async (client) =>
    new Promise((resolve, reject) => {
      const url = `${client.apiURL}/pending-logins`;
      const strategy = new CriteoStrategy({
        clientID: 'id',
        clientSecret: 'secret',
        callbackURL: 'https://app.example.com/callback',
        timeout,
        store: {
          store: (_req: object, done: (error: unknown, handle?: string) => void) =>
            get(url, (response) => response.on('data', (text) => done(null, String(text)))).on('error', done),
          verify() {},
        },
        verify: () => false,
      });
      const redirect = (location: string) => resolve(new URL(location).searchParams.get('state') ?? '');
      Object.assign(strategy, { redirect, error: reject });
      strategy.authenticate({ headers: {}, query: {} } as Parameters<CriteoStrategy['authenticate']>[0]);
    }),
};

async function run({ job, apiURL }: Command): Promise<void> {
  const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL, timeout });
  const source = new TokenSource({ client });
  const obtainedAt = Date.now();
  const tokens = { accessToken: 'at-0', tokenType: 'Bearer' as const, obtainedAt, expiresAt: obtainedAt + 900_000 };
  await source.save('key', tokens);
  const outcome = await (jobs[job] ?? (async () => 'no such job'))(client, source).then(
    (text) => ({ text }),
    (error: { code?: string }) => ({ code: error.code }),
  );
  process.send?.(outcome);
}

process.on('message', (command) => run(command as Command));
process.send?.('ready');
