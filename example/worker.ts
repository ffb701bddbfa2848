import { setTimeout as sleep } from 'node:timers/promises';
import { CriteoClient, type TokenSet, TokenSource } from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';
import { isLost } from './failures';
import { fetchPortfolio } from './portfolio';

/** The options of the worker. */
export interface WorkerOptions {
  print: (line: string) => void;
  /** Real milliseconds for each simulated minute. */
  minute: number;
  /** Ends the worker. */
  signal: AbortSignal;
}

/**
 * Prints a connection's advertisers every minute without the user, until the consent ends. Time passes faster for the
 * sandbox and the token source, so that you see many token lifetimes.
 */
export async function runWorker({ print, minute, signal }: WorkerOptions): Promise<void> {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const sandbox = await createSandbox({ now });
  let source: TokenSource | undefined;
  try {
    // In a real app, the web app does this when the user connects, and the worker uses the same database.
    const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints });
    const store = new Map<string, TokenSet>();
    const tokens = new TokenSource({ client, store, now });
    source = tokens;
    const key = 'ada';
    const redirectURI = 'http://localhost:3000/criteo-connect/callback';
    const parameters = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientID,
      redirect_uri: redirectURI,
      state: 'not-used-here',
    });
    const back = new URL(await sandbox.approve(`${sandbox.endpoints.authorizationURL}?${parameters}`));
    await tokens.save(key, await client.exchangeCode({ code: back.searchParams.get('code') ?? '', redirectURI }));

    print(`A minute takes ${minute / 1000} s here. Revoke the consent at ${sandbox.url} to end the worker.`);
    let previous: number | undefined;
    while (!signal.aborted) {
      // The work itself needs no code for tokens.
      const line = await report(tokens, key);
      const at = new Date(now()).toISOString().slice(11, 19);
      const obtainedAt = store.get(key)?.obtainedAt;
      print(`${at}  ${line.text}${previous !== undefined && previous !== obtainedAt ? '  (new access token)' : ''}`);
      if (line.ended) return;
      previous = obtainedAt;
      ahead += 60_000;
      await sleep(minute, undefined, { signal }).catch(() => {});
    }
  } finally {
    // Waits for a current refresh, because a new refresh token that is not stored yet would be lost.
    await source?.close();
    await sandbox.close();
  }
}

async function report(tokens: TokenSource, key: string): Promise<{ text: string; ended: boolean }> {
  try {
    const portfolio = await fetchPortfolio(tokens, key, { service: 'marketing-solutions' });
    return { text: portfolio.map(({ name, id }) => name ?? id).join(', '), ended: false };
  } catch (error) {
    // A real app writes to the user now, because only the user can consent again.
    if (isLost(error)) return { text: 'The consent has ended: the user has to connect Criteo again.', ended: true };
    // Other failures are temporary or mistakes in the app: the tokens are kept, and the next minute is another attempt.
    return { text: error instanceof Error ? error.message : String(error), ended: false };
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
