import { createSandbox } from 'passport-criteo/sandbox';

/** Finds Criteo: itself if the environment has credentials, else a sandbox on this machine. */
export async function findCriteo(env: NodeJS.ProcessEnv) {
  const { CRITEO_CLIENT_ID: clientID, CRITEO_CLIENT_SECRET: clientSecret } = env;
  if (clientID && clientSecret) return { options: { clientID, clientSecret } };
  const sandbox = await createSandbox();
  console.log(`The sandbox is at ${sandbox.url}`);
  return { options: { ...sandbox.app, ...sandbox.endpoints }, sandbox };
}
