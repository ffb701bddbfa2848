import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { createSandbox } from 'passport-criteo/sandbox';
import { onExpress } from './express.js';
import { onFastify } from './fastify.js';

const { PORT: port = '3000', SESSION_SECRET = randomBytes(32).toString('hex'), ADAPTER = 'express' } = process.env;

/** Returns the Criteo app of the environment, or the app of a sandbox that runs on this machine instead of Criteo. */
async function registered() {
  const {
    CRITEO_CLIENT_ID: clientID,
    CRITEO_CLIENT_SECRET: clientSecret = '',
    CRITEO_SIGNING_SECRET = 'not set',
  } = process.env;
  if (clientID) return { criteo: { clientID, clientSecret }, signingSecret: CRITEO_SIGNING_SECRET };
  const { app, endpoints } = await createSandbox();
  return { criteo: { ...app, ...endpoints }, signingSecret: CRITEO_SIGNING_SECRET };
}

async function start(): Promise<void> {
  const home = `http://localhost:${port}`;
  const create = ADAPTER === 'fastify' ? onFastify : onExpress;
  const app = await create({ home, ...(await registered()) }, SESSION_SECRET);
  await app.listen(port, 'localhost');
  console.log(`Open ${home}`);
}

start().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
