import { randomBytes } from 'node:crypto';
import type { CriteoProfile } from 'passport-criteo';

/** The example's settings, from the environment. */
export interface Settings {
  /** `PORT`. @default 3000 */
  port: number;
  /** `CRITEO_CLIENT_ID` and `CRITEO_CLIENT_SECRET`: the Criteo app. Without them, the example uses the sandbox. */
  app?: { clientID: string; clientSecret: string } | { clientID: string; pkce: true };
  /** `CRITEO_CALLBACK_URL`: where Criteo sends users back to. @default `/criteo-auth/callback` on this machine */
  callbackURL?: string;
  /** `CRITEO_SERVICE`. @default 'marketing-solutions' */
  service: CriteoProfile['service'];
  /** `CRITEO_PKCE`: `true` if PKCE is switched on in the Criteo app. @default false */
  pkce: boolean;
  /** `CRITEO_SIGNING_KEY` and `CRITEO_SIGNING_SECRET`: a connector's key pair. Without them, there are no invitations. */
  signing?: { key: string; secret: string };
  /** `SESSION_SECRET`: signs the session cookie. @default a new one for each start */
  sessionSecret: string;
}

/** A mistake in the environment. The message says how to fix it. */
export class SettingsError extends Error {}

/**
 * Reads the settings from the environment.
 *
 * @throws {SettingsError} naming the variable to change
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const read = (name: string) => env[name]?.trim() || undefined;

  const port = read('PORT') ?? '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new SettingsError(`PORT is "${port}": it must be a number from 0 to 65535.`);
  }
  const service = read('CRITEO_SERVICE') ?? 'marketing-solutions';
  if (service !== 'marketing-solutions' && service !== 'retail-media') {
    throw new SettingsError(`CRITEO_SERVICE is "${service}": it must be "marketing-solutions" or "retail-media".`);
  }
  const pkce = read('CRITEO_PKCE') ?? 'false';
  if (pkce !== 'true' && pkce !== 'false') {
    throw new SettingsError(`CRITEO_PKCE is "${pkce}": it must be "true" or "false".`);
  }
  const clientID = read('CRITEO_CLIENT_ID');
  const clientSecret = read('CRITEO_CLIENT_SECRET');
  if (!clientID && clientSecret) {
    throw new SettingsError(
      'CRITEO_CLIENT_SECRET is set, but CRITEO_CLIENT_ID is not: set both to talk to Criteo, or neither to use the sandbox.',
    );
  }
  if (clientID && !clientSecret && pkce === 'false') {
    throw new SettingsError(
      'CRITEO_CLIENT_ID is set, but CRITEO_CLIENT_SECRET is not: set both to talk to Criteo, or neither to use the sandbox. ' +
        '(An app without a secret needs PKCE: CRITEO_PKCE=true.)',
    );
  }
  const signingKey = read('CRITEO_SIGNING_KEY');
  const signingSecret = read('CRITEO_SIGNING_SECRET');
  if (Boolean(signingKey) !== Boolean(signingSecret)) {
    const [set, unset] = signingKey
      ? ['CRITEO_SIGNING_KEY', 'CRITEO_SIGNING_SECRET']
      : ['CRITEO_SIGNING_SECRET', 'CRITEO_SIGNING_KEY'];
    throw new SettingsError(`${set} is set, but ${unset} is not: they are a pair, set both or neither.`);
  }
  if (signingKey && !clientID) {
    throw new SettingsError(
      'CRITEO_SIGNING_KEY is set, but CRITEO_CLIENT_ID is not: the sandbox has its own key pair.',
    );
  }
  const callbackURL = read('CRITEO_CALLBACK_URL');
  if (callbackURL && !URL.canParse(callbackURL)) {
    throw new SettingsError(
      `CRITEO_CALLBACK_URL is "${callbackURL}": it must be an absolute URL, like http://localhost:3000/criteo-auth/callback.`,
    );
  }
  return {
    port: Number(port),
    ...(clientID && { app: clientSecret ? { clientID, clientSecret } : { clientID, pkce: true as const } }),
    ...(callbackURL && { callbackURL }),
    ...(signingKey && signingSecret && { signing: { key: signingKey, secret: signingSecret } }),
    service,
    pkce: pkce === 'true',
    sessionSecret: read('SESSION_SECRET') ?? randomBytes(32).toString('base64url'),
  };
}
