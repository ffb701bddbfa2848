import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJSON } from './read-json.js';

interface Report {
  data: { id: string; attributes: { status: string } };
}

const reports = '/2026-07/retail-media/reports';

/**
 * Asks for a Retail Media report, waits until it is ready, and writes it to a file.
 *
 * @param criteo the `fetch` of a connection.
 * @param report its kind, such as `campaigns` or `line-items`, and what Criteo documents for it as `data`.
 * @param options.every milliseconds between two looks. Each is a call that counts for the rate limit.
 * @param options.signal ends the waiting, for example `AbortSignal.timeout(15 * 60_000)`.
 */
export async function downloadReport(
  criteo: typeof fetch,
  { kind, data: wanted }: { kind: string; data: object },
  file: string,
  { every = 10_000, ...init }: { every?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ data: wanted });
  let { data } = await readJSON<Report>(await criteo(`${reports}/${kind}`, { method: 'POST', headers, body, ...init }));
  while (data.attributes.status === 'pending') {
    await sleep(every, undefined, init);
    ({ data } = await readJSON<Report>(await criteo(`${reports}/${data.id}/status`, init)));
  }
  if (data.attributes.status !== 'success') throw new Error(`The report ended: ${data.attributes.status}`);
  await saveTo(file, await criteo(`${reports}/${data.id}/output`, init), init);
}

/** Writes the body of a response to a file, as fast as the disk takes it. */
export async function saveTo(file: string, response: Response, options: { signal?: AbortSignal } = {}): Promise<void> {
  if (!response.ok || !response.body) return readJSON(response);
  // `pipeline` reads on when the file has taken what was read, and closes both ends if one fails.
  await pipeline(response.body, createWriteStream(`${file}.part`), options);
  await rename(`${file}.part`, file);
}
