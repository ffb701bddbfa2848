import type { Outgoing } from '../wire/exchange';
import type { App } from '../world/apps';

/** Returns a JSON response with the content type that the app's variant has. */
export function withContentType(app: App, response: Outgoing): Outgoing {
  const type = app.switches.get('contentType');
  if (type === 'application/json' || !response.headers['content-type']?.startsWith('application/json')) return response;
  return { ...response, headers: { ...response.headers, 'content-type': type } };
}
