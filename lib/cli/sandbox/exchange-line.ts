import type { SandboxRequest } from 'passport-criteo/sandbox';
import { foreignText } from '../../util/redaction';

/** One exchange of the sandbox, as it is printed: without secrets. */
export interface ExchangeDescription {
  /** By the sandbox's clock, in ISO 8601. */
  readonly time: string;
  /** `out` is a delivery of the consent callback. */
  readonly direction: 'in' | 'out';
  readonly method: string;
  readonly path: string;
  /** The response's status; null if there was none. */
  readonly status: number | null;
  /** The parameters of query and form. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Why there was no response. */
  readonly error?: string;
}

/** What may be seen in full. Everything else may be a secret. */
const open = new Set([
  ...['grant_type', 'response_type', 'redirect_uri', 'redirect-uri', 'code_challenge_method', 'timestamp', 'error'],
  ...['pageIndex', 'pageSize', 'limitToId', 'decision', 'advertiser', 'client_id', 'key'],
]);

/** Describes an exchange, every secret masked. */
export function describeExchange(exchange: SandboxRequest): ExchangeDescription {
  const { direction, method, query, form, status, time, error } = exchange;
  const parameters = Object.entries({ ...query, ...form }).map(([name, value]) => {
    return [
      foreignText(name, [], 40) ?? '',
      open.has(name) ? (foreignText(value, [], 120) ?? '') : masked(name, value),
    ];
  });
  return {
    time: new Date(time).toISOString(),
    direction,
    method: foreignText(method, [], 16) ?? '',
    path: foreignText(exchange.path.split('?', 1)[0], [], 200) ?? '',
    status: status ?? null,
    parameters: Object.fromEntries(parameters),
    ...(error !== undefined && { error: foreignText(error) ?? '' }),
  };
}

/** What is told apart by its first characters: these live seconds, or are worth nothing without the client's secret. */
const recognizable = new Set(['code', 'state', 'refresh_token']);

function masked(name: string, value: string): string {
  return recognizable.has(name) && value.length >= 32 ? `${foreignText(value.slice(0, 4)) ?? ''}…` : '…';
}

/** One exchange as a line for people. */
export function exchangeLine(exchange: ExchangeDescription): string {
  const { time, direction, method, path, status, parameters, error } = exchange;
  const sent = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  const where = direction === 'out' ? `-> ${path}` : path;
  const line = `${time.slice(11, 19)}  ${status ?? '---'}  ${method.padEnd(4)} ${where}`;
  return [line, ...sent, ...(error === undefined ? [] : [error])].join('  ');
}
