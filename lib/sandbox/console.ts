import { type ConsoleContext, consolePage } from './console-page';
import { type Answer, formOf, fromOwnPage, type Incoming, redirect } from './exchange';
import { Refusal, refusalPage } from './refusal';

/** The page for people at `/`, and its forms. */
export function answerConsole(context: ConsoleContext, request: Incoming): Answer {
  try {
    if (request.path === '/favicon.ico') return { status: 204, headers: {}, body: '' };
    if (request.path === '/') {
      if (request.method === 'GET' || request.method === 'HEAD') return consolePage(context);
      throw new Refusal('This page is only read', 'Use its forms.', { status: 405 });
    }
    return answerForm(context, request);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refusalPage(error);
  }
}

function answerForm(context: ConsoleContext, request: Incoming): Answer {
  const { clock, ledger, links, token, url } = context;
  const form = request.method === 'POST' ? formOf(request) : undefined;
  if (!form || !fromOwnPage(request) || form.get('token')?.[0] !== token) {
    throw new Refusal("Not a form of the sandbox's page", 'Use the forms of the page, freshly loaded.', {
      status: 403,
    });
  }
  const field = (name: string): string | undefined => form.get(name)?.[0];
  switch (request.path) {
    case '/sandbox/advance': {
      const seconds = field('seconds') ?? '';
      if (!/^\d{1,9}$/.test(seconds)) throw new Refusal('Not a time to advance by', 'Give whole seconds.');
      clock.advance(Number(seconds) * 1000);
      return redirect('/', 303);
    }
    case '/sandbox/revoke':
      ledger.revoke(field('consent') ?? '');
      return redirect('/', 303);
    case '/sandbox/portal-link':
      return consolePage(context, `${url()}/request${links.createPortalLink(`${url()}/`, undefined)}`);
    default:
      throw new Refusal('There is no such page', 'Go back to the start page of the sandbox.', { status: 404 });
  }
}
