import type { Answer, Incoming } from './exchange';
import { html } from './html';
import { page } from './layout';

export function answerConsole(_request: Incoming): Answer {
  return page('Overview', html`<div class="card"><h1>Criteo sandbox</h1></div>`);
}
