import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import { AppModule } from './app.module.js';
import type { Settings } from './settings.js';

/** Returns the app on Nest's Express adapter. */
export async function onExpress(settings: Settings, secret: string): Promise<NestExpressApplication> {
  const options = { rawBody: true, logger: ['error' as const] };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(settings), options);
  // Behind a proxy that ends TLS, Express must trust it: `app.set('trust proxy', 1)`, or no Secure cookie is set.
  const cookie = { httpOnly: true, sameSite: 'lax', secure: settings.home.startsWith('https:') } as const;
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie }));
  return app;
}
