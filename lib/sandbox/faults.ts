import { setTimeout as sleep } from 'node:timers/promises';
import { apiError, rateHeaders } from './api';
import type { Clock } from './clock';
import { type Answer, type Incoming, json } from './exchange';
import type { DeliveryFault, ExchangeFault, Fault, FaultHandle, SandboxRequest } from './types';

/** An endpoint's answer, or what happens to the connection instead. */
export type Outcome = Answer | 'reset' | 'hang' | { readonly truncated: Answer };

interface Pending {
  readonly fault: Fault;
  left: number;
  hits: number;
}

const common = ['on', 'times'];
const known: Readonly<Record<string, readonly string[]>> = {
  exchange: ['when', 'after', 'delay', 'status', 'headers', 'body', 'reset', 'hang', 'truncate', 'rateLimit'],
  token: ['omitRefreshToken', 'rotateRefreshToken'],
  delivery: ['corrupt', 'duplicate', 'late', 'lost'],
};

/** The faults that are to come. */
export class Faults {
  #pending: Pending[] = [];

  /** @throws TypeError naming the field */
  add(fault: Fault): FaultHandle {
    check(fault);
    const pending: Pending = { fault: { ...fault }, left: fault.times ?? 1, hits: 0 };
    this.#pending.push(pending);
    return {
      get hits() {
        return pending.hits;
      },
      clear: () => {
        this.#pending = this.#pending.filter((other) => other !== pending);
      },
    };
  }

  forExchange(on: ExchangeFault['on'], request: SandboxRequest): ExchangeFault | undefined {
    for (const pending of this.#pending) {
      const { fault } = pending;
      if (fault.on === on && (!fault.when || fault.when(request))) {
        this.#spend(pending);
        return fault;
      }
    }
    return undefined;
  }

  forDelivery(): DeliveryFault | undefined {
    for (const pending of this.#pending) {
      const { fault } = pending;
      if (fault.on === 'delivery') {
        this.#spend(pending);
        return fault;
      }
    }
    return undefined;
  }

  #spend(pending: Pending): void {
    pending.hits += 1;
    pending.left -= 1;
    if (pending.left <= 0) this.#pending = this.#pending.filter((other) => other !== pending);
  }
}

/** Lets an endpoint do its work, with the fault before, after or instead of it. */
export async function withFault(
  fault: ExchangeFault | undefined,
  request: Incoming,
  clock: Clock,
  life: AbortSignal,
  work: () => Answer | Promise<Answer>,
): Promise<Outcome> {
  if (!fault) return work();
  if (fault.delay !== undefined) await sleep(fault.delay, undefined, { signal: life });
  if (fault.truncate) return { truncated: await work() };
  const { rateLimit = false } = fault;
  const replaced = fault.status !== undefined || fault.reset || fault.hang || rateLimit !== false;
  if (!replaced) return work();
  if (fault.after) await work();
  if (fault.reset) return 'reset';
  if (fault.hang) return 'hang';
  if (rateLimit !== false) {
    const reset = clock.now() + (rateLimit === true ? 60 : rateLimit) * 1000;
    return errorFor(fault.on, request, 429, rateHeaders(10, 0, reset));
  }
  return replacement(fault, request);
}

function replacement({ on, status = 500, headers = {}, body }: ExchangeFault, request: Incoming): Answer {
  if (body === undefined) return errorFor(on, request, status, { ...headers });
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const answer = json(status, null, { ...headers });
  return { ...answer, body: raw ? body : JSON.stringify(body) };
}

const codes: Readonly<Record<number, string>> = {
  400: 'invalid-request',
  401: 'authorization-token-invalid',
  403: 'insufficient-advertisers-permissions',
  404: 'not-found',
  410: 'version-decommissioned',
  429: 'rate-limit-exceeded',
};

function errorFor(on: Fault['on'], request: Incoming, status: number, headers: Record<string, string>): Answer {
  const text = 'A fault that was asked for';
  if (on === 'api') return apiError(request, status, codes[status] ?? 'internal-error', text, headers);
  if (on === 'token' && status < 500 && status !== 429) {
    const error = status === 401 ? 'invalid_client' : 'invalid_grant';
    return json(status, { error, error_description: text, error_uri: null }, headers);
  }
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}

function check(fault: Fault): void {
  const refuse = (field: string, expected: string): never => {
    throw new TypeError(`sandbox.fault: \`${field}\` must be ${expected}`);
  };
  const { on, times = 1 } = fault;
  if (!['token', 'api', 'consent', 'delivery'].includes(on)) refuse('on', "'token', 'api', 'consent' or 'delivery'");
  if (times !== Infinity && !(Number.isInteger(times) && times > 0))
    refuse('times', 'a whole number from 1, or Infinity');
  const allowed = [...common, ...(on === 'delivery' ? [] : (known['exchange'] ?? [])), ...(known[on] ?? [])];
  for (const field of Object.keys(fault)) {
    if (!allowed.includes(field)) refuse(field, `left out for '${on}', which knows ${allowed.join(', ')}`);
  }
  const milliseconds = (field: string, value: unknown): void => {
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value < 2 ** 31)) {
      refuse(field, 'milliseconds, a number from 0');
    }
  };
  if (fault.on === 'delivery') {
    milliseconds('late', fault.late);
    return;
  }
  milliseconds('delay', fault.delay);
  if (fault.when !== undefined && typeof fault.when !== 'function') refuse('when', 'a function of the request');
  const { status, reset, hang, truncate, rateLimit = false, body, headers } = fault;
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    refuse('status', 'a whole number from 200 to 599');
  }
  if (typeof rateLimit === 'number' && !(rateLimit >= 0)) refuse('rateLimit', 'true, or seconds from 0');
  if ([status !== undefined, reset, hang, truncate, rateLimit !== false].filter(Boolean).length > 1) {
    throw new TypeError('sandbox.fault: give only one of `status`, `reset`, `hang`, `truncate` and `rateLimit`');
  }
  if (status === undefined && (body !== undefined || headers !== undefined)) {
    refuse('status', 'given along with `body` and `headers`');
  }
}
