import { ConsentCallbackError, type ConsentEvent, readConsentCallback } from 'passport-criteo';

/**
 * Web standard requests (Next.js route handlers, Hono, Remix, …): `export const POST = takeConsent(secret, onConsent)`.
 * Criteo may send an event twice, even at the same time: let `onConsent` ignore an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async (request: Request): Promise<Response> => {
    let event: ConsentEvent;
    try {
      event = await readConsentCallback(request, { secret });
    } catch (error) {
      if (error instanceof ConsentCallbackError) return new Response(error.message, { status: error.status });
      throw error;
    }
    // If it throws, the framework responds with 500, and Criteo sends the event again.
    await onConsent(event);
    return new Response(null, { status: 204 });
  };
}
