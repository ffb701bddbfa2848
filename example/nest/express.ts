import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import { AppModule } from './app.module.js';
import type { Settings } from './settings.js';

/** Returns the app on Nest's Express adapter. */
export async function onExpress(settings: Settings, secret: string): Promise<NestExpressApplication> {
  const options = { rawBody: true, logger: ['error' as const] };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(settings), options);
  app.use(session({ secret, resave: false, saveUninitialized: false }));
  return app;
}
