import type { Context } from 'koa';
import { ConsentCallbackError, type ConsentEvent, readConsentCallback } from 'passport-criteo';

/**
 * Koa: the route reads the raw body itself, so mount it ahead of body parsers. An event may come again, also at the same
 * time: let `onConsent` do nothing for an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async (ctx: Context): Promise<void> => {
    try {
      await onConsent(await readConsentCallback(ctx.req, { secret }));
    } catch (error) {
      if (error instanceof ConsentCallbackError) ctx.throw(error.status, error.message);
      throw error; // Koa answers 500, and Criteo repeats the event
    }
    ctx.status = 204;
  };
}
