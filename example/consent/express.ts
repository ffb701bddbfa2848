import express, { type Express } from 'express';
import { type ConsentEvent, consentCallback } from 'passport-criteo';

/** Express: mount the callback before the body parsers, because its signature covers the raw bytes. */
export function createApp(secret: string, onConsent: (event: ConsentEvent) => Promise<void>): Express {
  const app = express();
  app.use('/criteo-consent', consentCallback({ secret, onConsent }));
  app.use(express.json());
  app.post('/echo', (req, res) => void res.json(req.body));
  return app;
}

/** Express with a body parser before the callback: the parser keeps the raw bytes for it. */
export function createParsingApp(secret: string, onConsent: (event: ConsentEvent) => Promise<void>): Express {
  const app = express();
  app.use(
    express.json({
      verify: (req, _res, bytes) => {
        Object.assign(req, { rawBody: bytes });
      },
    }),
  );
  app.use('/criteo-consent', consentCallback({ secret, onConsent }));
  return app;
}
