import { randomBytes } from 'node:crypto';
import { consentPage } from '../pages/consent-page';
import { Refusal, refusalPage } from '../pages/error-page';
import type { Holding, SandboxUser } from '../types';
import { cookieOf, formOf, type Incoming, isCrossSite, type Outgoing, redirect } from '../wire/exchange';
import type { Form } from '../wire/form';
import type { App } from '../world/apps';
import { BoundedMap } from '../world/bounded-map';
import { holdingsOf } from '../world/users';
import type { World } from '../world/world';
import { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request';
import { deliverConsent } from './consent-callback';
import { checkUnused, type LinkRequest, readConsentLink } from './link-request';

/** The cookie that keeps who is signed in at Criteo, as the sandbox plays it. */
export const userCookie = 'criteo-sandbox-user';

type ConsentRequest = AuthorizationRequest | LinkRequest;

/** A page that was shown and not decided on yet. */
interface ShownPage {
  readonly asked: ConsentRequest;
  readonly user: SandboxUser;
}

/** `/request`: the consent page, and what a user decides on it. */
export class ConsentEndpoint {
  readonly #world: World;
  readonly #closed: AbortSignal;
  /** By a random id in the form: protects against forged and repeated decisions. */
  readonly #shown = new BoundedMap<ShownPage>(1_000);

  /** @param closed ends with the sandbox */
  constructor(world: World, closed: AbortSignal) {
    this.#world = world;
    this.#closed = closed;
  }

  async handle(request: Incoming): Promise<Outgoing> {
    try {
      switch (request.method) {
        case 'GET':
        case 'HEAD':
          return this.#open(request);
        case 'POST':
          return await this.#decide(request);
        default:
          throw new Refusal(`${request.method} is not how to ask for consent`, 'Send users here with a plain GET.', {
            status: 405,
          });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refusalPage(error, request, error.status === 405 ? { allow: 'GET, HEAD, POST' } : {});
    }
  }

  /** Returns the app of a page that was shown, by the id in its form. */
  appOfPage(id: string): App | undefined {
    return this.#shown.get(id)?.asked.app;
  }

  /** Forgets the pages of one app, or those shown to one user, or all. */
  forget({ app, user }: { readonly app?: App | undefined; readonly user?: SandboxUser | undefined } = {}): void {
    this.#shown.drop(
      (page) => (app === undefined || page.asked.app === app) && (user === undefined || page.user === user),
    );
  }

  #open(request: Incoming): Outgoing {
    const world = this.#world;
    const asked = readConsentLink(world, request) ?? readAuthorizationRequest(world, request);
    asked.app.lastRedirectURI = asked.redirectURI;
    const user = world.users.find(cookieOf(request, userCookie) ?? '') ?? world.users.first;
    return this.#show({ asked, user });
  }

  #show(
    page: ShownPage,
    { problem = false, headers = {} }: { problem?: boolean; headers?: Record<string, string> } = {},
  ): Outgoing {
    const { asked, user } = page;
    // Random even if there is a seed: it protects the form from other websites.
    const id = randomBytes(24).toString('base64url');
    this.#shown.set(id, page);
    const alreadyGranted = asked.kind === 'login' ? this.#earlierConsent(asked.app, user, 'error-page') : undefined;
    return consentPage({ id, asked, user, users: this.#world.users.all, alreadyGranted, problem }, headers);
  }

  async #decide(request: Incoming): Promise<Outgoing> {
    const form = formOf(request);
    if (!form || isCrossSite(request.headers)) {
      throw new Refusal('Not the form of the consent page', 'A decision can only come from the page itself.', {
        status: 403,
      });
    }
    request.checks.push('It is the form of the consent page');
    const page = this.#shown.take(form.get('consent')?.[0] ?? '');
    if (!page) {
      throw new Refusal(
        'This page was used already',
        'A consent page works once, and only in the sandbox that showed it. Go back to the app and start again.',
        { status: 409 },
      );
    }
    request.checks.push('The page was not used before');
    const decision = form.get('decision')?.[0];
    if (decision === 'switch-user') return this.#switchUser(page, form);
    if (decision === 'deny') return this.#settle(page, undefined);
    if (decision !== 'approve' && decision !== 'approve-none') {
      throw new Refusal('There is no such decision', 'Use the buttons of the page.');
    }
    const { asked, user } = page;
    if (!user.mayConsent) {
      throw new Refusal('This user may not consent', `${user.name} has no role that allows consent.`, { status: 403 });
    }
    if (asked.kind === 'login' && this.#earlierConsent(asked.app, user, 'error-page')) {
      throw new Refusal('Access was granted already', 'Revoke the earlier consent first.', { status: 409 });
    }
    const ticked = form.get('advertiser') ?? [];
    if (decision === 'approve' && ticked.length === 0) return this.#show(page, { problem: true });
    return this.#settle(page, ticked);
  }

  #switchUser({ asked }: ShownPage, form: Form): Outgoing {
    const user = this.#world.users.find(form.get('user')?.[0] ?? '');
    if (!user) throw new Refusal('There is no such user', 'Choose one of the users on the page.');
    return this.#show(
      { asked, user },
      { headers: { 'set-cookie': `${userCookie}=${user.id}; Path=/; HttpOnly; SameSite=Lax` } },
    );
  }

  /** @param ticked undefined for a denial */
  async #settle({ asked, user }: ShownPage, ticked: readonly string[] | undefined): Promise<Outgoing> {
    const world = this.#world;
    const { app } = asked;
    if (asked.kind !== 'login') {
      checkUnused(world, asked.mark);
      if (ticked || app.switches.get('denialOfLink') === 'uses-up-link') world.links.use(asked.mark, app);
    }
    const consent = ticked && world.grants.grant(app, user, asked.kind, this.#shared(asked, user, ticked));
    if (asked.kind !== 'login') {
      await deliverConsent(world, asked, consent, this.#closed);
      const state = app.switches.get('redirectAfterLink') === 'state' ? asked.state : undefined;
      return redirect(withQuery(asked.redirectURI, { state }));
    }
    const { redirectURI, state, clientID, challenge } = asked;
    return redirect(
      withQuery(
        redirectURI,
        consent
          ? { code: world.grants.issueCode(consent, clientID, redirectURI, challenge), state }
          : denialParameters(app, state),
      ),
    );
  }

  #shared({ app, kind }: ConsentRequest, user: SandboxUser, ticked: readonly string[]): readonly Holding[] {
    const shared = holdingsOf(user, app.service).filter(({ id }) => ticked.includes(id));
    if (kind !== 'login') return shared;
    const before = new Set(
      this.#earlierConsents(app, user, 'only-new').flatMap((consent) => consent.shared.map(({ id }) => id)),
    );
    return shared.filter(({ id }) => !before.has(id));
  }

  /** Says whose earlier consent counts, if a variant makes it count. */
  #earlierConsent(app: App, user: SandboxUser, variant: 'error-page' | 'only-new'): 'you' | 'a colleague' | undefined {
    const [earlier] = this.#earlierConsents(app, user, variant);
    return earlier && (earlier.user === user ? 'you' : 'a colleague');
  }

  #earlierConsents(app: App, user: SandboxUser, variant: 'error-page' | 'only-new') {
    const own = app.switches.get('consentAgain') === variant;
    const colleagues = app.switches.get('consentAgainByColleague') === variant;
    if (!own && !colleagues) return [];
    const ids = new Set(holdingsOf(user, app.service).map(({ id }) => id));
    return this.#world.grants.consents(app).filter((consent) => {
      if (consent.revoked || consent.kind !== 'login') return false;
      return consent.user === user ? own : colleagues && consent.shared.some(({ id }) => ids.has(id));
    });
  }
}

/** What the redirect after a denial carries. */
function denialParameters(app: App, state: string | undefined): Record<string, string | undefined> {
  const words = {
    access_denied: 'access_denied',
    consent_denied: 'consent_denied',
    sentence: 'The user did not give consent',
  };
  const states = {
    returned: state,
    'left-out': undefined,
    empty: state === undefined ? undefined : '',
    altered: state === undefined ? undefined : `${state.toLowerCase()}~`,
  };
  return {
    error: words[app.switches.get('denialError')],
    error_description: app.switches.get('denialDescription') === 'text' ? 'The user said "no", & left.' : undefined,
    state: states[app.switches.get('stateOnError')],
  };
}

/** Returns the URL with parameters added; its own query stays as it is. */
function withQuery(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&');
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
