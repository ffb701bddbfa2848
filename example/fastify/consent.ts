import type { FastifyPluginAsync } from 'fastify';
import { ConsentCallbackError, type ConsentEvent, readConsentCallback } from 'passport-criteo';

/**
 * Fastify: a plugin of its own, so that its parser, which leaves the body unread, is for its route alone. An event may
 * come again, also at the same time: let `onConsent` do nothing for an `event.id` that it has handled.
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
        throw error; // Fastify answers 500, and Criteo repeats the event
      }
      return reply.code(204).send();
    });
  };
}
