import express from 'express';
import {
  CriteoClient,
  consentCallback,
  createConsentURL,
  signConsentCallback,
  TokenSource,
} from '../../../../lib/index';
import type { Bench, Mistake } from './mistake';
import { thrown, told } from './mistake';

const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret' });
const issued = { accessToken: 'access', tokenType: 'Bearer', obtainedAt: 0, expiresAt: 0 } as const;
const link = { key: 'key', secret: 'signing', state: 'user-42', redirectURI: 'https://app.example.com/done' };

/** Posts a consent to an app, and returns the error that the callback told. */
const posting =
  (secret: string, before: express.RequestHandler[] = []) =>
  async ({ open }: Bench): Promise<string> => {
    let error: unknown;
    const { origin } = await open((app) => {
      for (const middleware of before) app.use(middleware);
      const onError = (reason: unknown) => {
        error = reason;
      };
      app.post('/criteo-consent', consentCallback({ secret: 'signing', onConsent: () => {}, onError }));
    });
    const body = JSON.stringify({ Type: 'ConsentDenied', AcceptedScopes: [] });
    const signature = signConsentCallback(body, secret);
    const headers = { 'content-type': 'application/json', 'x-criteo-hmac-sha512': signature };
    await fetch(`${origin}/criteo-consent`, { method: 'POST', body, headers });
    return told(error);
  };

export const tokenMistakes: Mistake[] = [
  {
    mistake: 'a Redis client as the store of a `TokenSource`: it has `del`, not `delete`',
    says: 'TokenSource: the option store must have the methods get, set and delete, as a Map and a Keyv have',
    fix: '[`example/tokens/redis.ts`](tokens.md#stores)',
    make: () => thrown(() => new TokenSource({ client, store: { get() {}, set() {}, del() {} } as never })),
  },
  {
    mistake: 'the options of the client in the place of the client',
    says: 'TokenSource: the option client must be a CriteoClient',
    fix: '`new CriteoClient(…)`',
    make: () => thrown(() => new TokenSource({ client: { clientID: 'id' }, store: new Map() } as never)),
  },
  {
    mistake: 'the user as key, instead of the user’s id',
    says: 'TokenSource.accessToken: key must be a non-empty string',
    fix: 'a text that names the connection',
    make: () => thrown(() => new TokenSource({ client, store: new Map() }).accessToken({ id: 'ada' } as never)),
  },
  {
    mistake: 'asking before `save`',
    says: 'not_connected: There are no tokens for "ada": the user must connect to Criteo',
    fix: '[`save`](tokens.md#save-and-ask) in `verify`, under the same key',
    make: () => thrown(() => new TokenSource({ client, store: new Map() }).accessToken('ada')),
  },
  {
    mistake: 'a store that returns JSON as text',
    says: 'store_invalid: … is text, not an object (parse its JSON first)',
    fix: '`JSON.parse` in `get`',
    make: () => {
      const store = new Map([['ada', JSON.stringify(issued) as never]]);
      return thrown(() => new TokenSource({ client, store }).accessToken('ada'));
    },
  },
  {
    mistake: 'another key pair than the one that the tokens were issued to',
    says: 'client_mismatch: The tokens of "ada" were issued to another client id than that of this TokenSource',
    fix: 'the former key pair, or the user connects again',
    make: () => {
      const store = new Map([['ada', { ...issued, clientID: 'former', refreshToken: 'refresh' }]]);
      return thrown(() => new TokenSource({ client, store }).accessToken('ada'));
    },
  },
  {
    mistake: 'a consent that brought no refresh token, after 15 minutes',
    says: 'reauthorization_required: The access token of "ada" has expired and there is no refresh token, because Criteo\'s consent brought none: the user must connect to Criteo again',
    fix: 'show [*Reconnect*](connect.md#reconnect)',
    make: () => {
      const store = new Map([['ada', issued]]);
      return thrown(() => new TokenSource({ client, store }).accessToken('ada'));
    },
  },
  {
    mistake: 'a JSON parser ahead of `consentCallback`',
    says: 'raw_body_missing: The body was read before its signature could be checked.',
    fix: '[mount it ahead of parsers](consent-callback.md#express-connect-nodes-http)',
    make: posting('signing', [express.json()]),
  },
  {
    mistake: 'the client secret in the place of the connector’s signing secret',
    says: 'signature_mismatch: The signature of the consent callback does not match its body: check the signing secret',
    fix: 'the signing secret of the connector',
    make: posting('another secret'),
  },
  {
    mistake: 'milliseconds as `timestamp` of a signed URL',
    says: 'createConsentURL: the option timestamp must be a valid Date, or whole seconds (not milliseconds) since 1970',
    fix: 'a `Date`, or leave it out',
    make: () => thrown(() => createConsentURL({ ...link, timestamp: Date.now() })),
  },
];
