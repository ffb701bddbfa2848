import cookie from '@fastify/cookie';
import session from '@fastify/session';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import type { Settings } from './settings.js';

/** Returns the app on Nest's Fastify adapter, with the methods that @nestjs/passport needs there. */
export async function onFastify(settings: Settings, secret: string): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter();
  const fastify = adapter.getInstance();
  // Passport redirects with methods of node's responses, which a reply of Fastify does not have. (Those of `reply.raw`
  // would skip Fastify's hooks, so neither session nor cookies would be saved.)
  fastify.decorateReply('setHeader', function (this: { header: unknown }, name: string, value: string) {
    (this as Reply).header(name, value);
  });
  fastify.decorateReply('end', function (this: { send: unknown }) {
    (this as Reply).send();
  });
  const options = { rawBody: true, logger: ['error' as const] };
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(settings), adapter, options);
  await app.register(cookie);
  const secure = settings.home.startsWith('https:');
  await app.register(session, { secret, cookie: { httpOnly: true, sameSite: 'lax', secure } });
  return app;
}

interface Reply {
  header(name: string, value: string): void;
  send(): void;
}
