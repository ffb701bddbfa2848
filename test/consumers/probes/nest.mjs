// A login on Nest's Fastify adapter: without the two methods that the example gives to replies, and without sessions.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CookieStateStore } from 'passport-criteo';

const require = createRequire(import.meta.url);
const { AppModule } = require('./build/app.module.js');
const { onFastify } = require('./build/fastify.js');
const criteo = { clientID: 'id', clientSecret: 'secret' };
const settings = { home: 'http://localhost', criteo, signingSecret: 'signing' };
const secret = 'a secret of more than 32 characters';

async function answer(app, onRequest) {
  app.useGlobalFilters({ catch: (error, host) => host.switchToHttp().getResponse().send(error.message) });
  app.getHttpAdapter().getInstance().addHook('onRequest', onRequest);
  await app.init();
  const { headers, body, cookies } = await app.inject('/criteo-auth');
  await app.close();
  return headers.location ? `sent to Criteo, with ${cookies.map(({ name }) => name.split('.')[0])}` : body;
}

const plain = await NestFactory.create(AppModule.with(settings), new FastifyAdapter(), { logger: false });
const asItIs = await answer(plain, async (request) => {
  request.session = {};
});
// Not before: both applications have the process's one Passport.
const store = new CookieStateStore({ secret });
const stateless = await onFastify({ ...settings, criteo: { ...criteo, store } }, secret);
const cookies = await answer(stateless, async (request, reply) => {
  request.res = reply;
});
console.log(JSON.stringify({ 'as it is': asItIs, cookies }));
