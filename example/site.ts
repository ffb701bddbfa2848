import type { Request, RequestHandler, Response } from 'express';
import type passport from 'passport';
import type { CriteoStrategyOptions, TokenSet, TokenSource } from 'passport-criteo';
import type { Failure } from './failures';
import type { View } from './layout';
import type { Users } from './users';

declare module 'express-session' {
  interface SessionData {
    /** Said once, on the next page. */
    notice: string;
  }
}

/** What the parts of the app share. */
export interface Site {
  passport: InstanceType<typeof passport.Passport>;
  /** The Criteo app and where Criteo is. */
  criteo: CriteoStrategyOptions;
  users: Users;
  /** A valid access token for every connection, for months. */
  tokens: TokenSource;
  /** Where the tokens are kept. They never leave the server: the browser gets a session id and nothing else. */
  store: ReadonlyMap<string, TokenSet>;
  /** The connector's key pair for signed consent URLs, if there is one. */
  signing: { key: string; secret: string } | undefined;
  /** What the page for this request has to know. */
  view(req: Request): View;
  /** Where errors go. */
  log(line: string): void;
  /** Answers with a page about what went wrong. */
  fail(req: Request, res: Response, failure: Failure): void;
}

/** One field of a posted form. */
export function field(req: Request, name: string): string {
  const body: unknown = req.body;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value.trim() : '';
}

/** Style, script and icon: the same for everybody. */
export function asset(type: string, text: string): RequestHandler {
  return (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').type(type).send(text);
  };
}

/** What helmet would send for pages like these: nothing from elsewhere, no frames, nothing kept by caches. */
export const headers: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/** Cookies belong to one host: who came by 127.0.0.1 would come back from Criteo to localhost, without theirs. */
export function oneHost({ protocol, host, origin }: URL): RequestHandler {
  return (req, res, next) => {
    if (req.method !== 'GET' || protocol === 'https:' || req.host === host) return next();
    res.redirect(origin + req.originalUrl);
  };
}

/** Keeps other sites from posting in the person's name: with every POST, browsers say which site the form was on. */
export function ownForms({ origin }: URL, { fail }: Pick<Site, 'fail'>): RequestHandler {
  return (req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.get('origin') === origin) return next();
    fail(req, res, {
      status: 403,
      title: 'That came from another site',
      text: `Nothing was done. Only the pages at ${origin} can ask for it.`,
      facts: { code: 'foreign_origin' },
    });
  };
}
