import { setTimeout as sleep } from 'node:timers/promises';
import type { ExchangeFault, Fault } from '../types';
import { type Answer, type Incoming, json } from '../wire/exchange';
import type { App } from '../world/apps';
import { rateHeaders } from '../world/rate-limits';
import type { World } from '../world/world';
import { apiError } from './api-error';

/** A response of an endpoint, or what happens to the connection instead. */
export type Outcome = Answer | 'reset' | 'hang' | { readonly truncated: Answer };

/**
 * Carries out a request, with a fault before, after or instead of it.
 * @param closed ends with the sandbox
 */
export async function withFault(
  fault: ExchangeFault | undefined,
  { world, app, request, closed }: { world: World; app: App | undefined; request: Incoming; closed: AbortSignal },
  work: () => Answer | Promise<Answer>,
): Promise<Outcome> {
  if (!fault) return work();
  if (fault.delay !== undefined) await sleep(fault.delay, undefined, { signal: closed });
  if (fault.truncate) return { truncated: await work() };
  const { rateLimit = false } = fault;
  const replaced = fault.status !== undefined || fault.reset || fault.hang || rateLimit !== false;
  if (!replaced) return work();
  if (fault.after) await work();
  if (fault.reset) return 'reset';
  if (fault.hang) return 'hang';
  const errorFor = errorResponses(world, app, request);
  if (rateLimit !== false) {
    const now = (app ?? world).clock.now();
    const reset = now + (rateLimit === true ? 60 : rateLimit) * 1000;
    return errorFor(fault.on, 429, rateHeaders(10, 0, reset));
  }
  const { on, status = 500, headers = {}, body } = fault;
  if (body === undefined) return errorFor(on, status, { ...headers });
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return { ...json(status, null, { ...headers }), body: isRaw ? body : JSON.stringify(body), failure: asked };
}

const asked = 'A fault that was asked for';

const codes: Readonly<Record<number, string>> = {
  400: 'invalid-request',
  401: 'authorization-token-invalid',
  403: 'insufficient-advertisers-permissions',
  404: 'not-found',
  410: 'version-decommissioned',
  429: 'rate-limit-exceeded',
};

/** Makes the error response that fits the endpoint. */
function errorResponses(world: World, app: App | undefined, request: Incoming) {
  return (on: Fault['on'], status: number, headers: Record<string, string>): Answer => {
    if (on === 'api') {
      const { switches } = app ?? world;
      return apiError(request, switches, { status, code: codes[status] ?? 'internal-error', title: asked, headers });
    }
    if (on === 'token' && status < 500 && status !== 429) {
      const error = status === 401 ? 'invalid_client' : 'invalid_grant';
      return { ...json(status, { error, error_description: asked, error_uri: null }, headers), failure: asked };
    }
    const type = { 'content-type': 'text/plain; charset=utf-8' };
    return { status, headers: { ...type, ...headers }, body: `${asked}\n`, failure: asked };
  };
}
