// What becomes of a login on Nest's Fastify adapter without the two methods that the example gives to replies.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const { AppModule } = createRequire(import.meta.url)('./build/app.module.js');
const criteo = { clientID: 'id', clientSecret: 'secret' };
const settings = { home: 'http://localhost', criteo, signingSecret: 'signing' };
const app = await NestFactory.create(AppModule.with(settings), new FastifyAdapter(), { logger: false });
const fastify = app.getHttpAdapter().getInstance();
fastify.addHook('onRequest', async (request) => {
  request.session = {};
});
app.useGlobalFilters({ catch: (error, host) => host.switchToHttp().getResponse().send(error.message) });
await app.init();
const { body } = await app.inject('/auth/criteo');
await app.close();
console.log(JSON.stringify({ 'as it is': body }));
