import { faultSchema, variantsSchema } from '../../schema/sandbox-schemas';
import type { Fault, PendingFault, Sandbox } from '../../types';
import { sandboxVariants, type Variants } from '../../variants';
import { appChoice, type Operation, object, seenBy } from '../operation';
import { clockResponse, factResponse, faultResponse, listOf } from '../response-schemas';

/** Clock, variants and faults. */
export const switchOperations: readonly Operation[] = [
  {
    id: 'getClock',
    method: 'GET',
    path: '/clock',
    summary: 'Returns the time of the sandbox, or of one app.',
    query: { app: appChoice },
    response: clockResponse,
    run: (sandbox, { query }) => showClock(seenBy(sandbox, query['app'] as string | undefined)),
  },
  {
    id: 'moveClock',
    method: 'PATCH',
    path: '/clock',
    summary: 'Moves the clock by milliseconds (back if negative), or sets it. It runs on from there.',
    body: object({
      advance: { type: 'number', description: 'Milliseconds; negative: back.' },
      now: { type: 'number', minimum: 0, description: 'The time to set, in milliseconds since the epoch.' },
      app: appChoice,
    }),
    response: clockResponse,
    run: (sandbox, { body }) => {
      const { advance, now, app } = body as { advance?: number; now?: number; app?: string };
      if ((advance === undefined) === (now === undefined)) throw new TypeError('give one of `advance` and `now`');
      if (advance !== undefined) sandbox.advance(advance, { app });
      if (now !== undefined) sandbox.setTime(now, { app });
      return showClock(seenBy(sandbox, app));
    },
  },
  {
    id: 'listVariants',
    method: 'GET',
    path: '/variants',
    summary: 'Lists the facts that Criteo does not document, with their variants and the one that is on.',
    query: { app: appChoice },
    response: listOf(factResponse),
    run: (sandbox, { query }) => {
      const { variants: on } = seenBy(sandbox, query['app'] as string | undefined);
      return Object.entries(sandboxVariants).map(([name, { question, variants, default: usual, why }]) => {
        return { name, question, variants, default: usual, why, on: on[name as keyof Variants] };
      });
    },
  },
  {
    id: 'setVariants',
    method: 'PATCH',
    path: '/variants',
    summary: 'Changes how undocumented facts turn out, for all apps or for one.',
    query: { app: appChoice },
    body: variantsSchema,
    response: variantsSchema,
    run: (sandbox, { body, query }) => {
      const { app } = query as { app?: string };
      sandbox.setVariants(body as Partial<Variants>, { app });
      return seenBy(sandbox, app).variants;
    },
  },
  {
    id: 'listFaults',
    method: 'GET',
    path: '/faults',
    summary: 'Lists the faults that are still to come.',
    response: listOf(faultResponse),
    run: ({ faults }) => faults.map(showFault),
  },
  {
    id: 'addFault',
    method: 'POST',
    path: '/faults',
    summary: 'Makes something go wrong. Faults are taken in the order they were added, one for each request.',
    body: faultSchema,
    status: 201,
    response: faultResponse,
    run: (sandbox, { body }) => {
      const { id } = sandbox.fault(body as Fault);
      const added = sandbox.faults.find((fault) => fault.id === id);
      return added && showFault(added);
    },
  },
  {
    id: 'clearFaults',
    method: 'DELETE',
    path: '/faults',
    summary: 'Clears all faults, or those of one app.',
    query: { app: appChoice },
    run: (sandbox, { query }) => sandbox.clearFaults(query as { app?: string }),
  },
  {
    id: 'clearFault',
    method: 'DELETE',
    path: '/faults/{id}',
    summary: 'Clears one fault. A fault that is over already is no error.',
    run: ({ faults }, { params }) => faults.find(({ id }) => id === params['id'])?.clear(),
  },
];

function showClock({ now }: Pick<Sandbox, 'now'>): object {
  return { now, iso: new Date(now).toISOString() };
}

function showFault({ id, hits, left, fault }: PendingFault): object {
  // Functions, bytes and Infinity have no JSON.
  return { id, hits, left: left === Infinity ? 'always' : left, fault: JSON.parse(JSON.stringify(fault)) };
}
