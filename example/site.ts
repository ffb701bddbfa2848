import type { Request, RequestHandler, Response } from 'express';
import type passport from 'passport';
import type { CriteoStrategyOptions, TokenSet, TokenSource } from 'passport-criteo';
import type { Failure } from './failures';
import type { View } from './layout';
import type { Users } from './users';

declare module 'express-session' {
  interface SessionData {
    /** A message that the next page shows once. */
    notice: string;
  }
}

/** The objects and functions that all parts of the app use. */
export interface Site {
  passport: InstanceType<typeof passport.Passport>;
  /** The Criteo app, and the URLs of Criteo or of the sandbox. */
  criteo: CriteoStrategyOptions;
  users: Users;
  /** Provides a valid access token for every connection, for months. */
  tokens: TokenSource;
  /** The token store. It is on the server: the browser gets a session id only. */
  store: ReadonlyMap<string, TokenSet>;
  /** The connector's key pair for signed consent URLs, if there is one. */
  signing: { key: string; secret: string } | undefined;
  /** The time at Criteo, in milliseconds since the epoch. The sandbox's clock may have been moved. */
  now(): number;
  /** Returns what every page shows. */
  view(req: Request): View;
  /** Writes to the app's log. */
  log(line: string): void;
  /** Responds with a page that says what went wrong. */
  fail(req: Request, res: Response, failure: Failure): void;
}

/** Returns one field of a posted form; empty if there is none. */
export function field(req: Request, name: string): string {
  const body: unknown = req.body;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value.trim() : '';
}

/** Serves a style sheet, script or icon. */
export function asset(type: string, text: string): RequestHandler {
  return (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').type(type).send(text);
  };
}

/** Sets the security headers, as helmet does: no content from other hosts, no frames, no caching. */
export const headers: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    // With `no-referrer`, browsers would send `Origin: null` with this app's forms.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/**
 * Redirects to the host of the callback URL. Cookies belong to one host: a login that starts on 127.0.0.1 would return to
 * localhost without its cookie.
 */
export function oneHost({ protocol, host, origin }: URL): RequestHandler {
  return (req, res, next) => {
    if (req.method !== 'GET' || protocol === 'https:' || req.host === host) return next();
    res.redirect(origin + req.originalUrl);
  };
}

/** Rejects forms of other sites: with every POST, browsers send the origin of the page (header `Origin`). */
export function ownForms({ origin }: URL, { fail }: Pick<Site, 'fail'>): RequestHandler {
  return (req, res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.get('origin') === origin) return next();
    fail(req, res, {
      status: 403,
      title: 'That came from another site',
      text: `Nothing was changed. Only pages at ${origin} can send this request.`,
      facts: { code: 'foreign_origin' },
    });
  };
}
