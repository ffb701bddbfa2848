import { createServer, type Server } from 'node:http';
import { type ConsentEvent, consentCallback } from 'passport-criteo';

/** Plain node: the callback is a request handler. */
export function createApp(secret: string, onConsent: (event: ConsentEvent) => Promise<void>): Server {
  const takeConsent = consentCallback({ secret, onConsent });
  return createServer((req, res) => {
    if (req.url === '/criteo-consent') takeConsent(req, res);
    else res.writeHead(404).end();
  });
}
