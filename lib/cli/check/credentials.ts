import type { CriteoClient, CriteoTokenError } from 'passport-criteo';
import { loadLibrary } from '../library';
import { type CheckSettings, defaultCallbackURL } from '../settings';
import { type Check, type CheckContext, finding } from './context';

/** The words for a client that Criteo does not accept: RFC 6749 section 5.2, and one that was seen at Criteo. */
const refusals = new Set(['invalid_client', 'credentials_no_longer_supported']);

const badClient =
  'Compare CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET with the Criteo Partners Portal, letter for letter. In a shell or an .env file, quote a secret with special characters. A key pair deleted in the portal stops working after 15 minutes.';

const notWithPKCE =
  'Either the secret is wrong, or Criteo accepts none from an app with PKCE: try without CRITEO_CLIENT_SECRET.';

/**
 * Sends a made-up code. A server that checks the client first, as RFC 6749 asks, then says `invalid_client` or
 * `invalid_grant`; that Criteo does is likely and not documented.
 */
export const credentials: Check = {
  id: 'credentials',
  what: 'Client id and secret',
  needsAPI: true,
  async run(context) {
    const { settings, client } = context;
    const { clientSecret, pkce } = settings;
    const refusal = await exchangeMadeUpCode(client, settings);
    if (!refusal) return finding('unknown', 'a made-up code was exchanged for tokens: this is not Criteo');
    if (typeof refusal === 'string') return finding('unknown', refusal, 'Try again later.');
    if (refusals.has(refusal.code)) {
      context.refused = true;
      const seen = `refused with ${refusal.code}`;
      if (!pkce || !clientSecret) return finding('wrong', seen, badClient);
      const { CriteoClient } = loadLibrary();
      const secretless = new CriteoClient({ clientID: settings.clientID, apiURL: settings.apiURL });
      const without = await exchangeMadeUpCode(secretless, settings);
      const accepted = typeof without === 'object' && without.code === 'invalid_grant';
      if (!accepted) return finding('wrong', seen, badClient);
      return finding('wrong', `${seen}, and accepted without the secret`, notWithPKCE);
    }
    if (refusal.code !== 'invalid_grant') {
      return finding('unknown', `a made-up code was refused with ${refusal.code}, where invalid_grant was expected`);
    }
    const seen = 'a made-up code was refused with invalid_grant, not invalid_client';
    return clientSecret ? finding('ok', seen) : finding('ok', `${seen}; there is no secret to check`);
  },
};

function exchangeMadeUpCode(
  client: CriteoClient,
  { pkce, callbackURL = defaultCallbackURL }: CheckSettings,
): Promise<CriteoTokenError | string | undefined> {
  return tokenError(() =>
    client.exchangeCode({
      code: 'made-up-by-passport-criteo-check',
      redirectURI: callbackURL,
      // RFC 7636 section 4.1: 43 characters at least.
      codeVerifier: pkce ? 'made-up-by-passport-criteo-check-0000000000' : undefined,
    }),
  );
}

/** Asks for the app's own tokens. */
export const clientCredentials: Check = {
  id: 'client-credentials',
  what: 'Client-credentials grant',
  needsAPI: true,
  async run(context) {
    if (!context.settings.clientSecret) return finding('skipped', 'it needs a client secret');
    const refusal = await tokenError(async () => {
      context.appTokens = await context.client.clientCredentials();
    });
    if (!refusal) {
      context.refused = false;
      return finding('ok', `works; the access token lives ${lifetime(context)} seconds`);
    }
    if (typeof refusal === 'string') return finding('unknown', refusal, 'Try again later.');
    if (context.refused) return finding('wrong', `refused with ${refusal.code}`, 'See "Client id and secret".');
    return finding(
      'unknown',
      `refused with ${refusal.code}`,
      'That is no mistake for an app that only lets people sign in or connect: such an app need not have this grant.',
    );
  },
};

/** Runs a token request. Returns the refusal, or a text if no usable response came, or undefined if it worked. */
async function tokenError(request: () => Promise<unknown>): Promise<CriteoTokenError | string | undefined> {
  const { CriteoTokenError, CriteoTransportError } = loadLibrary();
  try {
    await request();
    return undefined;
  } catch (error) {
    if (error instanceof CriteoTokenError) return error.retryable ? error.message : error;
    if (error instanceof CriteoTransportError) return error.message;
    throw error;
  }
}

function lifetime({ appTokens }: CheckContext): number {
  return appTokens ? Math.round((appTokens.expiresAt - appTokens.obtainedAt) / 1000) : 0;
}
