import { defaults, isLoopback } from '../util/option-checks';
import type { Variables } from './env-file';
import { UsageError } from './usage';

/** The app to check, as the environment and the flags describe it. */
export interface CheckSettings {
  readonly clientID: string;
  readonly clientSecret: string | undefined;
  readonly pkce: boolean;
  readonly service: 'marketing-solutions' | 'retail-media';
  readonly apiVersion: string;
  /** Without a slash at its end. */
  readonly apiURL: string;
  readonly authorizationURL: string;
  /** The registered redirect URI; undefined if none was given. */
  readonly callbackURL: string | undefined;
  /** A connector's key pair, which signs consent URLs. */
  readonly signing: { readonly key: string; readonly secret: string } | undefined;
  /** Another key pair of the same app; only `--probe` uses it. */
  readonly secondPair: { readonly clientID: string; readonly clientSecret: string } | undefined;
}

/** Flags that take the place of variables. */
export interface SettingsFlags {
  readonly 'callback-url'?: string | undefined;
  readonly 'api-version'?: string | undefined;
  readonly 'api-url'?: string | undefined;
  readonly 'authorization-url'?: string | undefined;
}

/** The redirect URI of the example app, and of the official demo of Criteo. */
export const defaultCallbackURL = 'http://localhost:3000/criteo-auth/callback';

/**
 * Reads the settings.
 *
 * @throws {UsageError} naming the flag or the variable that is wrong.
 */
export function readSettings(variables: Variables, flags: SettingsFlags): CheckSettings {
  const pkce = oneOf(variables, 'CRITEO_PKCE', ['false', 'true']) === 'true';
  const clientID = credential(variables, 'CRITEO_CLIENT_ID');
  const clientSecret = credential(variables, 'CRITEO_CLIENT_SECRET');
  if (!clientID) {
    throw new UsageError(
      'CRITEO_CLIENT_ID is not set: copy the client id of your app from the Criteo Partners Portal into the environment, or into a file for --env-file.',
    );
  }
  if (!clientSecret && !pkce) {
    throw new UsageError(
      'CRITEO_CLIENT_SECRET is not set: copy it from the Criteo Partners Portal. Only an app with PKCE switched on can do without it; for such an app set CRITEO_PKCE=true.',
    );
  }
  const apiVersion = flags['api-version'] ?? variables('CRITEO_API_VERSION') ?? defaults.apiVersion;
  if (!/^(\d{4}-(0[1-9]|1[0-2])|preview|experimental)$/.test(apiVersion)) {
    const name = flags['api-version'] === undefined ? 'CRITEO_API_VERSION' : '--api-version';
    throw new UsageError(`${name} must be a version like 2026-07, or preview, or experimental.`);
  }
  const url = (flag: keyof SettingsFlags, variable: string) => {
    const given = flags[flag];
    return given === undefined ? readURL(variable, variables(variable)) : readURL(`--${flag}`, given);
  };
  return {
    clientID,
    clientSecret,
    pkce,
    service: oneOf(variables, 'CRITEO_SERVICE', ['marketing-solutions', 'retail-media']),
    apiVersion,
    apiURL: (url('api-url', 'CRITEO_API_URL') ?? defaults.apiURL).replace(/\/+$/, ''),
    authorizationURL: url('authorization-url', 'CRITEO_AUTHORIZATION_URL') ?? defaults.authorizationURL,
    callbackURL: url('callback-url', 'CRITEO_CALLBACK_URL'),
    signing: pair(variables, 'CRITEO_SIGNING_KEY', 'CRITEO_SIGNING_SECRET', (key, secret) => ({ key, secret })),
    secondPair: pair(variables, 'CRITEO_SECOND_CLIENT_ID', 'CRITEO_SECOND_CLIENT_SECRET', (id, secret) => ({
      clientID: id,
      clientSecret: secret,
    })),
  };
}

function credential(variables: Variables, name: string): string | undefined {
  const value = variables(name);
  if (value === undefined || value.trim() === value) return value;
  // passport-criteo refuses it too. The value itself is not shown: it may be a secret.
  throw new UsageError(`${name} starts or ends with white space (the line end of a file, perhaps): remove it.`);
}

function oneOf<const T extends string>(variables: Variables, name: string, values: readonly [T, ...T[]]): T {
  const value = variables(name)?.trim() ?? values[0];
  const found = values.find((each) => each === value);
  if (found === undefined) throw new UsageError(`${name} is "${value}": it must be ${values.join(' or ')}.`);
  return found;
}

function pair<T>(variables: Variables, first: string, second: string, make: (first: string, second: string) => T) {
  const [one, other] = [credential(variables, first), credential(variables, second)];
  if (one && other) return make(one, other);
  if (!one && !other) return undefined;
  const [set, unset] = one ? [first, second] : [second, first];
  throw new UsageError(`${set} is set, but ${unset} is not: they are a pair, set both or neither.`);
}

function readURL(name: string, value: string | undefined): string | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const url = /^https?:\/\/[^\s\\/]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new UsageError(`${name} must be a whole URL, like ${defaultCallbackURL}.`);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new UsageError(`${name} must use https: http is only for this machine (localhost, 127.0.0.1, [::1]).`);
  }
  if (url.username || url.password || text.includes('#')) {
    throw new UsageError(`${name} must not carry a user name, a password or a fragment (#…).`);
  }
  return text;
}
