import { buffer } from 'node:stream/consumers';
import type { Context } from 'koa';
import { ConsentCallbackError, type ConsentEvent, verifyConsentCallback } from 'passport-criteo';

/**
 * Koa: the route reads the bytes itself, so it goes ahead of body parsers. An event may come again, and at the same
 * time: let `onConsent` do nothing for an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async (ctx: Context): Promise<void> => {
    try {
      const body = await buffer(ctx.req);
      await onConsent(verifyConsentCallback(body, ctx.get('x-criteo-hmac-sha512'), secret));
    } catch (error) {
      if (error instanceof ConsentCallbackError) ctx.throw(error.status, error.message);
      throw error; // Koa answers 500, and Criteo repeats the event
    }
    ctx.status = 204;
  };
}
