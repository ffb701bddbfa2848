import { outcomeOf } from '../support/processes.mjs';

/** The fleet of example/fleet, with Redis and PostgreSQL of its own. It takes some minutes. */
export function measure() {
  return outcomeOf('fleet.ts', { execArgv: ['--require', 'tsx/cjs'] });
}
