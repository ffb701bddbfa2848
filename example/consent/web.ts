import { ConsentCallbackError, type ConsentEvent, verifyConsentCallback } from 'passport-criteo';

/**
 * Web standard requests (Next.js route handlers, Hono, Remix, …): `export const POST = takeConsent(secret, onConsent)`.
 * An event may come again, and at the same time: let `onConsent` do nothing for an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async (request: Request): Promise<Response> => {
    const body = Buffer.from(await request.arrayBuffer());
    let event: ConsentEvent;
    try {
      event = verifyConsentCallback(body, request.headers.get('x-criteo-hmac-sha512'), secret);
    } catch (error) {
      if (error instanceof ConsentCallbackError) return new Response(error.message, { status: error.status });
      throw error;
    }
    // What it throws becomes a 500, and Criteo repeats the event.
    await onConsent(event);
    return new Response(null, { status: 204 });
  };
}
