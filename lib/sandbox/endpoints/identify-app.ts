import { formOf, type Incoming } from '../wire/exchange';
import { readForm } from '../wire/form';
import type { App } from '../world/apps';
import type { World } from '../world/world';
import { findToken } from './api-endpoint';
import type { ConsentEndpoint } from './consent-endpoint';

/** Returns the app that a request belongs to, as far as its parameters tell. Nothing is checked here. */
export function identifyApp(
  world: World,
  consents: ConsentEndpoint,
  endpoint: 'token' | 'api' | 'consent',
  request: Incoming,
): App | undefined {
  if (endpoint === 'api') return findToken(world, request)?.app;
  const isForm = endpoint === 'token' || request.method === 'POST';
  const form = isForm ? formOf(request) : readForm(request.search.slice(1));
  const value = (name: string): string => form?.get(name)?.[0] ?? '';
  return (
    world.apps.find(value('client_id')) ??
    world.apps.bySigningKey(value('key')) ??
    world.links.findPortalLink(value('nonce'))?.app ??
    consents.appOfPage(value('consent'))
  );
}
