import type { CriteoClient, TokenSet } from 'passport-criteo';
import type { CheckResult, CheckVerdict } from '../output';
import { NoReplyError, type Reply, sendRequest } from '../request';
import type { CheckSettings } from '../settings';

/** What the checks share. Each check adds what later ones need. */
export interface CheckContext {
  readonly settings: CheckSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: CriteoClient;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** The first response of Criteo's API, or why there was none. */
  contact?: Reply | NoReplyError;
  /** The app's own tokens, if the client-credentials grant works. */
  appTokens?: TokenSet;
  /** If true, Criteo refused the credentials: what depends on them is skipped. */
  refused?: boolean;
}

/** One check: what it is about, and the function that finds out. */
export interface Check {
  readonly id: string;
  readonly what: string;
  /** If true, the check is skipped when the API cannot be reached. */
  readonly needsAPI?: boolean;
  readonly run: (context: CheckContext) => Promise<Finding> | Finding;
}

/** What a check found, without its name. */
export type Finding = Omit<CheckResult, 'id' | 'what'>;

/** Makes a finding. */
export function finding(result: CheckVerdict, seen: string, advice?: string): Finding {
  return advice === undefined ? { result, seen } : { result, seen, advice };
}

/** Asks Criteo's API; a missing response is a value here, because the check has something to say about it. */
export async function askAPI(context: CheckContext, path: string, accessToken?: string): Promise<Reply | NoReplyError> {
  const { settings, signal } = context;
  const headers = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  try {
    return await sendRequest(`${settings.apiURL}/${settings.apiVersion}/${path}`, { headers, signal });
  } catch (error) {
    if (error instanceof NoReplyError) return error;
    throw error;
  }
}

/** The path of the portfolio, which a login reads. */
export function portfolioPath({ service }: CheckSettings): string {
  return service === 'retail-media' ? 'retail-media/accounts' : 'advertisers/me';
}
