import type { Answer } from '../wire/exchange';
import type { App } from '../world/apps';

/** Returns a JSON response with the content type that the app's variant has. */
export function withContentType(app: App, answer: Answer): Answer {
  const type = app.switches.get('contentType');
  if (type === 'application/json' || !answer.headers['content-type']?.startsWith('application/json')) return answer;
  return { ...answer, headers: { ...answer.headers, 'content-type': type } };
}
