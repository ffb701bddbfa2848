import { foreignCause } from '../util/foreign-cause';

/**
 * Calls a hook of the app. Nothing waits for it; if it throws or rejects, there is a process warning with the code
 * `CRITEO_HOOK_FAILED`.
 */
export function tell(name: string, call: () => unknown): void {
  (async () => call())().catch((reason: unknown) => {
    process.emitWarning(`The hook ${name} of a TokenSource failed`, {
      code: 'CRITEO_HOOK_FAILED',
      detail: String(foreignCause(reason)),
    });
  });
}
