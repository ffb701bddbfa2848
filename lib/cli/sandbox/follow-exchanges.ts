import type { Sandbox, SandboxRequest } from 'passport-criteo/sandbox';
import type { Terminal } from '../terminal';

const interval = 100;
/** How long to wait for a response before the exchange is shown without one: a fault may leave it out. */
const patience = 2_000;

/**
 * Shows every exchange of a sandbox once it has its response, until the signal is aborted. The sandbox announces
 * nothing, so its list of requests is read again and again.
 */
export async function followExchanges(
  sandbox: Pick<Sandbox, 'requests'>,
  { signal, sleep }: Pick<Terminal, 'signal' | 'sleep'>,
  show: (exchange: SandboxRequest) => void,
): Promise<void> {
  let last: SandboxRequest | undefined;
  let open: { request: SandboxRequest; rounds: number }[] = [];
  const look = (everything: boolean): void => {
    const requests = sandbox.requests;
    // The list has an end: what is not found in it any more lies before it.
    const next = last === undefined ? 0 : requests.lastIndexOf(last) + 1;
    for (const request of requests.slice(next)) open.push({ request, rounds: 0 });
    last = requests.at(-1) ?? last;
    const remaining: typeof open = [];
    for (const entry of open) {
      entry.rounds += 1;
      const { status, error } = entry.request;
      const late = entry.rounds * interval > patience;
      if (status !== undefined || error !== undefined || late || everything) show(entry.request);
      else remaining.push(entry);
    }
    open = remaining;
  };
  while (!signal.aborted) {
    // Rejects only when the signal is aborted.
    await sleep(interval, signal).catch(() => {});
    look(signal.aborted);
  }
}
