import type { FastifyPluginAsync } from 'fastify';
import { ConsentCallbackError, type ConsentEvent, verifyConsentCallback } from 'passport-criteo';

/**
 * Fastify: a plugin of its own, so that its parser, which leaves the bytes as they are, is for its route alone. An event
 * may come again, and at the same time: let `onConsent` do nothing for an `event.id` that it has handled.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
    app.post<{ Body: Buffer }>('/criteo-consent', async (request, reply) => {
      try {
        await onConsent(verifyConsentCallback(request.body, request.headers['x-criteo-hmac-sha512'], secret));
      } catch (error) {
        if (error instanceof ConsentCallbackError) return reply.code(error.status).send(error.message);
        throw error; // Fastify answers 500, and Criteo repeats the event
      }
      return reply.code(204).send();
    });
  };
}
