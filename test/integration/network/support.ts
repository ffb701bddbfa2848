// A process that sends requests to a server on command, and reports the results. Its arguments: the server's origin and
// the timeout in milliseconds.
import { CriteoClient, TokenSource } from '../../../lib/index';

const [, , apiURL, timeout] = process.argv;
const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL, timeout: Number(timeout) });
const source = new TokenSource({ client });

const jobs: Record<string, () => Promise<string>> = {
  refresh: async () => (await client.refresh('rt-0')).accessToken,
  headers: async () => (await source.fetch('key', '/report')).text(),
  body: async () => {
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

async function run(job: string): Promise<void> {
  const obtainedAt = Date.now();
  const tokens = { accessToken: 'at-0', tokenType: 'Bearer' as const, obtainedAt, expiresAt: obtainedAt + 900_000 };
  await source.save('key', tokens);
  const outcome = await (jobs[job] ?? (async () => 'no such job'))().then(
    (text) => ({ text }),
    (error: { code?: string }) => ({ code: error.code }),
  );
  process.send?.(outcome);
}

process.on('message', (job) => run(String(job)));
process.send?.('ready');
