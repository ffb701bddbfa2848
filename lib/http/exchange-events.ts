import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/** Published on the channel `passport-criteo:exchange` once for every HTTP exchange with Criteo, when it is over. */
export interface ExchangeEvent {
  method: string;
  /** Origin and path, without the query. */
  endpoint: string;
  /** The answer's status; `undefined` where none came. */
  status: number | undefined;
  /** `answered`, whatever the status; else the code of the `CriteoTransportError`. */
  outcome: string;
  milliseconds: number;
}

const exchanges = channel('passport-criteo:exchange');
const log = debuglog('passport-criteo');

/** What is sent, told of to those who listen. Costs nothing where nobody does. */
export function observed<T extends { status: number }>(method: string, url: URL, send: () => Promise<T>): Promise<T> {
  if (!exchanges.hasSubscribers && !log.enabled) return send();
  const began = performance.now();
  const endpoint = url.origin + url.pathname;
  const tell = (status: number | undefined, outcome: string): void => {
    const milliseconds = performance.now() - began;
    exchanges.publish({ method, endpoint, status, outcome, milliseconds } satisfies ExchangeEvent);
    log('%s %s: %s after %d ms', method, endpoint, status ?? outcome, Math.round(milliseconds));
  };
  const answer = send();
  answer.then(
    ({ status }) => tell(status, 'answered'),
    (error: { code: string; response?: { status: number } }) => tell(error.response?.status, error.code),
  );
  return answer;
}
