import { setTimeout as sleep } from 'node:timers/promises';
import { CriteoClient, type TokenSet, TokenSource } from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';
import { isLost } from './failures';
import { fetchPortfolio } from './portfolio';

/** How a worker is to run. */
export interface WorkerOptions {
  print: (line: string) => void;
  /** Real milliseconds that a minute takes here. */
  minute: number;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Works for a user who is away: prints a connection's advertisers every minute, for as long as the consent lasts. Time
 * goes faster here, for the sandbox and the token source alike, so that many token lifetimes pass as you watch.
 */
export async function runWorker({ print, minute, signal }: WorkerOptions): Promise<void> {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const sandbox = await createSandbox({ now });
  let source: TokenSource | undefined;
  try {
    // What the web app did when the user connected: both work with the same store, a database in real life.
    const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints });
    const store = new Map<string, TokenSet>();
    const tokens = new TokenSource({ client, store, now });
    source = tokens;
    const key = 'ada';
    const redirectURI = 'http://localhost:3000/criteo-connect/callback';
    const question = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientID,
      redirect_uri: redirectURI,
      state: 'a-worker-needs-none',
    });
    const back = new URL(await sandbox.approve(`${sandbox.endpoints.authorizationURL}?${question}`));
    await tokens.save(key, await client.exchangeCode({ code: back.searchParams.get('code') ?? '', redirectURI }));

    print(`A minute takes ${minute / 1000} s here. Revoke the consent at ${sandbox.url} to see this end.`);
    let seen: number | undefined;
    while (!signal.aborted) {
      // The work. Nothing in it knows of tokens.
      const line = await report(tokens, key);
      const at = new Date(now()).toISOString().slice(11, 19);
      const obtainedAt = store.get(key)?.obtainedAt;
      print(`${at}  ${line.text}${seen !== undefined && seen !== obtainedAt ? '  (new access token)' : ''}`);
      if (line.over) return;
      seen = obtainedAt;
      ahead += 60_000;
      await sleep(minute, undefined, { signal }).catch(() => {});
    }
  } finally {
    // Waits for a refresh under way: a new refresh token that is not stored would be lost with the process.
    await source?.close();
    await sandbox.close();
  }
}

async function report(tokens: TokenSource, key: string): Promise<{ text: string; over: boolean }> {
  try {
    const portfolio = await fetchPortfolio(tokens, key, { service: 'marketing-solutions' });
    return { text: portfolio.map(({ name, id }) => name ?? id).join(', '), over: false };
  } catch (error) {
    // Time to write to the user: only they can help.
    if (isLost(error)) return { text: 'The consent is gone: this person has to connect Criteo again.', over: true };
    // Everything else passes, or is ours to fix: the tokens are kept, and the next minute is another try.
    return { text: error instanceof Error ? error.message : String(error), over: false };
  }
}

if (require.main === module) {
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  process.on('SIGTERM', () => stop.abort());
  runWorker({ print: console.log, minute: 1_000, signal: stop.signal }).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
