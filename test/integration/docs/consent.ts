import { randomUUID } from 'node:crypto';
import express, { type Express } from 'express';
import { consentCallback, createConsentURL } from 'passport-criteo';

export function invite({ key, secret }: { key: string; secret: string }): string {
  const url = createConsentURL({
    key, // the connector's public signing key
    secret, // and its signing secret, which never leaves the process
    state: randomUUID(), // comes back in the callback
    redirectURI: 'https://app.example.com/criteo/return',
  });
  return url;
}

export const granted: { state: string | undefined; ids: string[] }[] = [];

export function mountConsent(app: Express, secret: string): void {
  app.use(
    '/criteo-consent',
    consentCallback({
      secret,
      async onConsent({ type, state, advertisers }) {
        if (type === 'ConsentGranted') granted.push({ state, ids: advertisers.map(({ id }) => id) });
      },
    }),
  );
  app.use(express.json()); // parsers come after it
}
