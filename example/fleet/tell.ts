import type { Message } from './database';

const texts = {
  reconnect: 'has to connect Criteo again',
  expiring: 'should connect Criteo again, before the connection runs out',
};

/**
 * Returns what tells customers: here, a POST to a service of yours that sends e-mails. A message may be sent again if this
 * process dies right after it was received; its `Idempotency-Key` stays the same.
 */
export function teller(url: string | undefined): (message: Message) => Promise<void> {
  return async ({ key, kind, consent, reason }) => {
    if (url === undefined) return console.log(`${key} ${texts[kind]} (${reason})`);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': JSON.stringify([key, kind, consent]) },
      body: JSON.stringify({ key, kind, reason }),
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} responded ${response.status}`);
  };
}
