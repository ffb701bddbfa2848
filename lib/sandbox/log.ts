import type { Clock } from './clock';
import type { Incoming } from './exchange';
import { formOf } from './exchange';
import { formRecord, readForm } from './form';
import type { SandboxRequest } from './types';

const limit = 5_000;

/** What went over the wire, oldest first. */
export class RequestLog {
  readonly #clock: Clock;
  #entries: SandboxRequest[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  received(request: Incoming, connection: number): SandboxRequest {
    return this.#add({
      direction: 'in',
      method: request.method,
      path: request.path,
      query: formRecord(readForm(request.search.slice(1))),
      headers: { ...request.headers },
      body: request.body.toString(),
      form: formRecord(formOf(request)),
      time: this.#clock.now(),
      status: undefined,
      connection,
    });
  }

  sent(url: string, headers: Record<string, string>, body: string, attempt: number): SandboxRequest {
    return this.#add({
      direction: 'out',
      method: 'POST',
      path: url,
      query: {},
      headers,
      body,
      form: {},
      time: this.#clock.now(),
      status: undefined,
      connection: 0,
      attempt,
    });
  }

  entries(): SandboxRequest[] {
    return [...this.#entries];
  }

  #add(entry: SandboxRequest): SandboxRequest {
    this.#entries.push(entry);
    if (this.#entries.length > limit) this.#entries.shift();
    return entry;
  }
}
