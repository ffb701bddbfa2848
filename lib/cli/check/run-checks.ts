import { unlessAborted } from '../../util/abort-signal';
import { loadLibrary } from '../library';
import type { CheckResult } from '../output';
import { NoReplyError } from '../request';
import type { CheckSettings } from '../settings';
import type { Terminal } from '../terminal';
import { apiVersion } from './api-version';
import { clock } from './clock';
import { type Check, type CheckContext, finding } from './context';
import { clientCredentials, credentials } from './credentials';
import { proxy } from './proxy';
import { reach } from './reach';
import { redirectURI } from './redirect-uri';
import { service } from './service';
import { signingPair } from './signing';

/** The checks, in this order, because later ones need what earlier ones found. */
export const checks: readonly Check[] = [
  reach,
  proxy,
  clock,
  credentials,
  clientCredentials,
  service,
  apiVersion,
  redirectURI,
  signingPair,
];

/** The checks that a login makes superfluous. */
export const settledByLogin: readonly string[] = [redirectURI.id];

/**
 * Runs every check that needs no browser.
 *
 * @param leftOut ids of checks that are not run.
 * @param onResult is told each result at once.
 * @returns the results so far when the signal is aborted.
 */
export async function runChecks(
  settings: CheckSettings,
  { env, signal }: Pick<Terminal, 'env' | 'signal'>,
  onResult: (result: CheckResult) => void,
  leftOut: readonly string[] = [],
): Promise<CheckResult[]> {
  const { CriteoClient } = loadLibrary();
  const { clientID, clientSecret, apiURL } = settings;
  const client = new CriteoClient({ clientID, clientSecret, apiURL });
  const context: CheckContext = { settings, env, client, signal, now: Date.now };
  const results: CheckResult[] = [];
  for (const { id, what, needsAPI, run } of checks.filter((check) => !leftOut.includes(check.id))) {
    try {
      const isSkipped = needsAPI && context.contact instanceof NoReplyError;
      const running = isSkipped ? finding('skipped', 'the API cannot be reached') : run(context);
      const result = { id, what, ...(await unlessAborted(Promise.resolve(running), signal)) };
      results.push(result);
      onResult(result);
    } catch (error) {
      if (signal.aborted) break;
      throw error;
    }
  }
  return results;
}
