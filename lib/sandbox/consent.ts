import { BoundedMap } from './bounded-map';
import { consentPage, type Shown } from './consent-page';
import { type Answer, formOf, fromOwnPage, type Incoming, redirect } from './exchange';
import type { Consent, Ledger } from './ledger';
import type { LinkRequest, Links } from './links';
import { type LoginRequest, readLoginRequest } from './login-request';
import type { Settings } from './options';
import type { Credentials, Random } from './random';
import { Refusal, refusalPage } from './refusal';

export interface ConsentEndpoint {
  readonly settings: Settings;
  readonly app: Credentials;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly links: Links;
  /** Tells the connector about a decision; `consent` is undefined for a denial. Settles when the person may go on. */
  readonly deliver: (request: LinkRequest, consent: Consent | undefined) => Promise<void>;
}

/** `/request`: the consent page, and what a person decides on it. */
export class ConsentPages {
  readonly #endpoint: ConsentEndpoint;
  /** Pages shown and not yet answered, by a random id in their form: what CSRF and replays lack. */
  readonly #shown = new BoundedMap<LoginRequest | LinkRequest>(1_000);

  constructor(endpoint: ConsentEndpoint) {
    this.#endpoint = endpoint;
  }

  async answer(request: Incoming): Promise<Answer> {
    try {
      switch (request.method) {
        case 'GET':
        case 'HEAD':
          return this.#show(this.#read(request.search));
        case 'POST':
          return await this.#decide(request);
        default:
          throw new Refusal(`${request.method} is not how to ask for consent`, 'Send people here with a plain GET.', {
            status: 405,
          });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refusalPage(error, error.status === 405 ? { allow: 'GET, HEAD, POST' } : {});
    }
  }

  #read(search: string): LoginRequest | LinkRequest {
    const { settings, app, links } = this.#endpoint;
    return links.read(search) ?? readLoginRequest(search, settings, app);
  }

  #show(asked: LoginRequest | LinkRequest, problem?: Shown['problem']): Answer {
    const { settings, app, random } = this.#endpoint;
    const id = random(24).toString('base64url');
    this.#shown.set(id, asked);
    return consentPage({ id, asked, problem, settings, clientID: app.clientID });
  }

  async #decide(request: Incoming): Promise<Answer> {
    const form = formOf(request);
    if (!form || !fromOwnPage(request)) {
      throw new Refusal('Not the form of the consent page', 'A decision can only come from the page itself.', {
        status: 403,
      });
    }
    const asked = this.#shown.take(form.get('consent')?.[0] ?? '');
    if (!asked) {
      throw new Refusal(
        'This page was answered already',
        'A consent page works once, and only in the sandbox that showed it. Go back to the app and start again.',
        { status: 409 },
      );
    }
    const decision = form.get('decision')?.[0];
    const ticked = form.get('advertiser') ?? [];
    if (decision === 'approve' && ticked.length === 0) return this.#show(asked, 'none ticked');
    if (decision === 'deny') return this.#settle(asked, undefined);
    if (decision !== 'approve' && decision !== 'approve-none') {
      throw new Refusal('There is no such decision', 'Use the buttons of the page.');
    }
    return this.#settle(asked, ticked);
  }

  /** @param ticked undefined for a denial */
  async #settle(asked: LoginRequest | LinkRequest, ticked: readonly string[] | undefined): Promise<Answer> {
    const { settings, ledger, links, deliver } = this.#endpoint;
    if (asked.kind !== 'login') links.use(asked);
    const shared = settings.portfolio.filter(({ id }) => ticked?.includes(id));
    const consent = ticked && ledger.grant(asked.kind, shared);
    if (asked.kind !== 'login') {
      await deliver(asked, consent);
      // What the redirect carries is not documented: nothing is added.
      return redirect(asked.redirectURI);
    }
    const { redirectURI, state, challenge } = asked;
    const outcome = consent
      ? { code: ledger.issueCode(consent, redirectURI, challenge), state }
      : { error: 'access_denied', state };
    return redirect(withQuery(redirectURI, outcome));
  }
}

/** The URL with parameters added; its own query stays as it is. */
function withQuery(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&');
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
