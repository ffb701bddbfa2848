import { validateHeaderName, validateHeaderValue } from 'node:http';
import { explainMisfit, findMisfit } from '../schema/json-schema';
import { faultSchemas } from '../schema/sandbox-schemas';
import type { DeliveryFault, ExchangeFault, Fault, FaultHandle, PendingFault, SandboxRequest } from '../types';
import { fits } from './request-log';

interface Pending {
  readonly id: string;
  readonly fault: Fault;
  left: number;
  hits: number;
}

/** More faults than a test needs; a limit because the HTTP API can add them. */
const mostFaults = 1_000;

/** The faults that are still to come. */
export class Faults {
  #pending: Pending[] = [];
  #added = 0;

  /**
   * @param caller whom error messages name
   * @throws TypeError naming the field
   */
  add(fault: Fault, caller = 'sandbox.fault'): FaultHandle {
    checkFault(fault, caller);
    if (this.#pending.length >= mostFaults) throw new TypeError(`${caller}: there are ${mostFaults} faults already`);
    this.#added += 1;
    const { times = 1 } = fault;
    const pending: Pending = {
      id: `fault-${this.#added}`,
      fault: { ...fault },
      left: times === 'always' ? Infinity : times,
      hits: 0,
    };
    this.#pending.push(pending);
    return this.#handle(pending);
  }

  /** Those that are still to come, in the order they were added. */
  all(): PendingFault[] {
    return this.#pending.map((pending) => {
      const { fault, left } = pending;
      return Object.assign(this.#handle(pending), { fault, left });
    });
  }

  /** Clears those of one app, or all. */
  clear(clientID?: string): void {
    this.#pending = this.#pending.filter(({ fault }) => clientID !== undefined && fault.app !== clientID);
  }

  /** Returns the fault that a request meets, and counts it. */
  forExchange(on: ExchangeFault['on'], request: SandboxRequest): ExchangeFault | undefined {
    for (const pending of this.#pending) {
      const { fault } = pending;
      if (fault.on !== on || (fault.app !== undefined && fault.app !== request.app)) continue;
      if ((fault.match && !fits(request, fault.match)) || (fault.when && !fault.when(request))) continue;
      this.#spend(pending);
      return fault;
    }
    return undefined;
  }

  /** Returns the fault that the delivery of a consent callback meets, and counts it. */
  forDelivery(clientID: string): DeliveryFault | undefined {
    for (const pending of this.#pending) {
      const { fault } = pending;
      if (fault.on !== 'delivery' || (fault.app !== undefined && fault.app !== clientID)) continue;
      this.#spend(pending);
      return fault;
    }
    return undefined;
  }

  #spend(pending: Pending): void {
    pending.hits += 1;
    pending.left -= 1;
    if (pending.left <= 0) this.#remove(pending);
  }

  #remove(pending: Pending): void {
    this.#pending = this.#pending.filter((other) => other !== pending);
  }

  #handle(pending: Pending): FaultHandle {
    return {
      id: pending.id,
      get hits() {
        return pending.hits;
      },
      clear: () => this.#remove(pending),
    };
  }
}

/** @throws TypeError naming the field */
function checkFault(fault: Fault, caller: string): void {
  const refuse = (message: string): never => {
    throw new TypeError(`${caller}: ${message}`);
  };
  // JSON, and so the schema, has neither functions nor Infinity.
  const { when, ...plain } = Object(fault) as ExchangeFault;
  const on = plain.on as Fault['on'];
  const schema = Object.hasOwn(faultSchemas, on) ? faultSchemas[on] : undefined;
  if (!schema) return refuse("`on` must be 'token', 'api', 'consent' or 'delivery'");
  if (plain.times === Infinity) plain.times = 'always';
  const misfit = findMisfit(schema, plain);
  if (misfit?.unknown) {
    refuse(`\`${misfit.unknown.name}\` must be left out for '${on}', which knows ${misfit.unknown.known.join(', ')}`);
  }
  if (misfit) refuse(explainMisfit(misfit, 'field', 'fault').replace(/^field /, ''));
  if (when !== undefined && (typeof when !== 'function' || on === 'delivery')) {
    refuse('`when` must be a function of the request, for faults of the endpoints');
  }
  const { status, reset = false, hang = false, truncate = false, rateLimit = false, body, headers } = plain;
  if ([status !== undefined, reset, hang, truncate, rateLimit !== false].filter(Boolean).length > 1) {
    refuse('give only one of `status`, `reset`, `hang`, `truncate` and `rateLimit`');
  }
  if (status === undefined && (body !== undefined || headers !== undefined)) {
    refuse('`status` must be given along with `body` and `headers`');
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!isHeader(name, value)) refuse(`\`headers\` has ${JSON.stringify(name)}, which HTTP does not allow`);
    // Two lengths are no response. To cut one in the middle, there is `truncate`.
    if (/^(content-length|transfer-encoding)$/i.test(name)) refuse(`\`headers\` must be without ${name}: node sets it`);
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
