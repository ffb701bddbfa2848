import type { Context } from 'koa';
import { ConsentCallbackError, type ConsentEvent, readConsentCallback } from 'passport-criteo';

/**
 * Koa: the route reads the raw body itself, so mount it before body parsers. Criteo may send an event twice, even at the
 * same time: let `onConsent` ignore an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async (ctx: Context): Promise<void> => {
    try {
      await onConsent(await readConsentCallback(ctx.req, { secret }));
    } catch (error) {
      if (error instanceof ConsentCallbackError) ctx.throw(error.status, error.message);
      throw error; // Koa responds with 500, and Criteo sends the event again
    }
    ctx.status = 204;
  };
}
