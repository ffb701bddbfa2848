import { createSandbox } from 'passport-criteo/sandbox';

/** Returns Criteo's settings if the environment has credentials, and those of a sandbox otherwise. */
export async function findCriteo(env: NodeJS.ProcessEnv) {
  const { CRITEO_CLIENT_ID: clientID, CRITEO_CLIENT_SECRET: clientSecret } = env;
  if (clientID && clientSecret) return { options: { clientID, clientSecret } };
  const sandbox = await createSandbox();
  console.log(`The sandbox is at ${sandbox.url}`);
  return { options: { ...sandbox.app, ...sandbox.endpoints }, sandbox };
}
