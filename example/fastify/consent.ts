import type { FastifyPluginAsync } from 'fastify';
import { ConsentCallbackError, type ConsentEvent, readConsentCallback } from 'passport-criteo';

/**
 * Fastify: a separate plugin, so that its parser, which leaves the body unread, applies to this route only. Criteo may
 * send an event twice, even at the same time: let `onConsent` ignore an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _body, done) => done(null));
    app.post('/criteo-consent', async (request, reply) => {
      try {
        await onConsent(await readConsentCallback(request.raw, { secret }));
      } catch (error) {
        if (error instanceof ConsentCallbackError) return reply.code(error.status).send(error.message);
        throw error; // Fastify responds with 500, and Criteo sends the event again
      }
      return reply.code(204).send();
    });
  };
}
