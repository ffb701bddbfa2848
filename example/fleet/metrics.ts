import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

// Seconds. From a quick refresh to the longest wait.
const boundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Sends what this process asks of Criteo, and what becomes of its jobs, to an OpenTelemetry collector, by OTLP over HTTP.
 * The exporter reads the customary variables: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, and so on.
 */
export function startMetrics(interval = 60_000): { job(outcome: string): void; close(): Promise<void> } {
  const exporter = new OTLPMetricExporter();
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: interval })],
  });
  const meter = provider.getMeter('passport-criteo-fleet');
  const exchanges = meter.createHistogram('http.client.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: boundaries },
  });
  const onExchange = (event: unknown): void => {
    const { method, endpoint, status, outcome, milliseconds } = event as Record<string, string | number | undefined>;
    exchanges.record(Number(milliseconds) / 1000, {
      'http.request.method': method,
      'url.full': endpoint, // origin and path: the query is not told
      'http.response.status_code': status,
      ...(outcome === 'answered' ? {} : { 'error.type': outcome }),
    });
  };
  subscribe('passport-criteo:exchange', onExchange);
  const jobs = meter.createCounter('fleet.jobs');
  return {
    job: (outcome) => jobs.add(1, { outcome }),
    async close() {
      unsubscribe('passport-criteo:exchange', onExchange);
      await provider.shutdown().catch(() => {}); // the collector is away
    },
  };
}
