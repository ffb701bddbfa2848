import { subscribe } from 'node:diagnostics_channel';

/** The part of OpenTelemetry's Meter that is used here. */
interface Meter {
  createHistogram(name: string, options: { unit: string }): { record(value: number, attributes: object): void };
}

export function measureCriteo(meter: Meter): void {
  const exchanges = meter.createHistogram('http.client.request.duration', { unit: 's' });
  subscribe('passport-criteo:exchange', (event) => {
    const { method, endpoint, status, outcome, milliseconds } = event as Record<string, string | number | undefined>;
    exchanges.record(Number(milliseconds) / 1000, {
      'http.request.method': method,
      'url.full': endpoint, // origin and path, without the query
      'http.response.status_code': status,
      ...(outcome === 'answered' ? {} : { 'error.type': outcome }),
    });
  });

  const logins = meter.createHistogram('criteo.login.duration', { unit: 's' });
  subscribe('passport-criteo:login', (event) => {
    const { strategy, outcome, code, milliseconds } = event as Record<string, string | number | undefined>;
    logins.record(Number(milliseconds) / 1000, { strategy, outcome, code });
  });
}
