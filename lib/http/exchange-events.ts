import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/** Published on the channel `passport-criteo:exchange` once for every HTTP exchange with Criteo, when it is over. */
export interface ExchangeEvent {
  method: string;
  /** Origin and path, without the query. */
  endpoint: string;
  /** The response's status; `undefined` if no response came. */
  status: number | undefined;
  /** `answered`, whatever the status; else the code of the `CriteoTransportError`. */
  outcome: string;
  milliseconds: number;
}

const exchanges = channel('passport-criteo:exchange');
const log = debuglog('passport-criteo');

/** Sends a request, and publishes its outcome if anyone subscribed to it. */
export function observed<T extends { status: number }>(method: string, url: URL, send: () => Promise<T>): Promise<T> {
  if (!exchanges.hasSubscribers && !log.enabled) return send();
  const start = performance.now();
  const endpoint = url.origin + url.pathname;
  const publish = (status: number | undefined, outcome: string): void => {
    const milliseconds = performance.now() - start;
    exchanges.publish({ method, endpoint, status, outcome, milliseconds } satisfies ExchangeEvent);
    log('%s %s: %s after %d ms', method, endpoint, status ?? outcome, Math.round(milliseconds));
  };
  const response = send();
  response.then(
    ({ status }) => publish(status, 'answered'),
    (error: { code: string; response?: { status: number } }) => publish(error.response?.status, error.code),
  );
  return response;
}
