import type { Outgoing } from '../wire/exchange';
import type { Switches } from '../world/switches';

/** Returns a JSON response with the content type that the variant has. */
export function withContentType(switches: Switches, response: Outgoing): Outgoing {
  const type = switches.get('contentType');
  if (type === 'application/json' || !response.headers['content-type']?.startsWith('application/json')) return response;
  return { ...response, headers: { ...response.headers, 'content-type': type } };
}
