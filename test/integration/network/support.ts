// A process that sends requests to a server on command, and reports the results. Its argument: the timeout in milliseconds.
import { CriteoClient, TokenSource } from '../../../lib/index';

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
