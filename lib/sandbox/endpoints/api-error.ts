import { randomUUID } from 'node:crypto';
import { type Answer, type Incoming, json } from '../wire/exchange';
import type { Switches } from '../world/switches';

/** The `type` of an error: `CriteoApiError` and `CommonError` in Criteo's OpenAPI files. */
const types: Readonly<Record<number, string>> = {
  401: 'authorization',
  403: 'access-control',
  410: 'deprecation',
  429: 'quota',
};

/** Makes an error response of the API: Marketing Solutions docs, "API Error Types". */
export function apiError(
  request: Incoming,
  switches: Switches,
  {
    status,
    code,
    title,
    headers = {},
  }: { status: number; code: string; title: string; headers?: Record<string, string> },
): Answer {
  const failure = `${code}: ${title}`;
  const variant = switches.get('tooManyRequestsBody');
  if (status === 429 && variant !== 'error-list') {
    const texts = { message: '{"message":"Too many requests"}', html: '<html><body>429</body></html>', empty: '' };
    const contentTypes = { message: 'application/json; charset=utf-8', html: 'text/html', empty: 'text/plain' };
    return { status, headers: { ...headers, 'content-type': contentTypes[variant] }, body: texts[variant], failure };
  }
  const error = {
    traceId: randomUUID().replaceAll('-', ''),
    type: typeOf(status, request.path),
    code,
    instance: request.path,
    title,
    detail: title,
    source: {},
  };
  return { ...json(status, { errors: [error], warnings: [] }, headers), failure };
}

function typeOf(status: number, path: string): string {
  // The schema of advertisers/me spells it with an underscore, all others with a hyphen.
  if (status === 403 && path.endsWith('/advertisers/me')) return 'access_control';
  return types[status] ?? (status < 500 ? 'validation' : 'availability');
}
