import { CriteoAPIError } from 'passport-criteo';

interface Failure {
  errors?: { code?: string; title?: string; traceId?: string }[];
}

/** Returns the JSON of a response. A response that is not 2xx is thrown as the error that the rest of the package throws. */
export async function readJSON<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const { status } = response;
  const failure = (await response.json().catch(() => ({}))) as Failure;
  const { code = 'unexpected_status', title = '', traceId } = failure.errors?.[0] ?? {};
  throw new CriteoAPIError(`Criteo responded with ${status} ${code} ${title}`.trim(), {
    code: status === 429 ? 'too-many-requests' : code,
    status: 502,
    response: { status },
    retryable: status === 429 || status >= 500,
    traceId,
  });
}
