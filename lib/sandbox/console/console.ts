import { randomBytes } from 'node:crypto';
import { Refusal, refusalPage } from '../pages/error-page';
import type { Fault, Sandbox } from '../types';
import { sandboxVariants, type VariantName } from '../variants';
import { formOf, type Incoming, type Outgoing, redirect } from '../wire/exchange';
import { readForm } from '../wire/form';
import type { World } from '../world/world';
import { connectedAppsPage } from './connected-apps-page';
import type { ConsoleContext } from './context';
import { exchangesPage } from './exchanges-page';
import { overviewPage } from './overview-page';
import { presetFaults, switchesPage } from './switches-page';

const pages: Readonly<Record<string, (context: ConsoleContext, query: ReadonlyMap<string, string>) => Outgoing>> = {
  '/': (context) => overviewPage(context),
  '/sandbox/exchanges': exchangesPage,
  '/sandbox/switches': switchesPage,
  '/sandbox/connected-apps': connectedAppsPage,
};

type Fields = (name: string) => string;

/** What each form does. Returns the page to show, if it is not the one that the form was on. */
const actions: Readonly<Record<string, (context: ConsoleContext, field: Fields) => Outgoing | undefined>> = {
  '/sandbox/advance': ({ sandbox }, field) => {
    const seconds = field('seconds');
    if (!/^-?\d{1,9}$/.test(seconds)) throw new Refusal('Not a time to move the clock by', 'Give whole seconds.');
    sandbox.advance(Number(seconds) * 1000);
    return undefined;
  },
  '/sandbox/revoke': ({ world }, field) => {
    const consent = world.grants.findConsent(field('consent'));
    if (consent) world.grants.revoke(consent, field('how') === 'role-change' ? 'role-change' : 'dashboard');
    return undefined;
  },
  '/sandbox/portal-link': (context, field) => {
    const app = field('app') || undefined;
    return overviewPage(context, context.sandbox.portalLink({ app }));
  },
  '/sandbox/variants': ({ sandbox }, field) => {
    const name = field('name');
    const variant = field('variant');
    const fact = Object.hasOwn(sandboxVariants, name) ? sandboxVariants[name as VariantName] : undefined;
    if (!fact || !Object.hasOwn(fact.variants, variant)) {
      throw new Refusal('There is no such variant', 'Choose one of the variants on the page.');
    }
    sandbox.setVariants({ [name]: variant });
    return undefined;
  },
  '/sandbox/faults': ({ sandbox }, field) => {
    const preset = presetFaults.find(({ id }) => id === field('preset'));
    if (!preset) throw new Refusal('There is no such fault', 'Choose one of the faults on the page.');
    const fault: Fault = { ...preset.fault, times: field('times') === 'always' ? 'always' : 1 };
    sandbox.fault(fault);
    return undefined;
  },
  '/sandbox/clear-fault': ({ sandbox }, field) => {
    sandbox.faults.find(({ id }) => id === field('fault'))?.clear();
    return undefined;
  },
  '/sandbox/reset': ({ sandbox }) => {
    sandbox.reset();
    return undefined;
  },
};

/** The console: pages for developers, with forms that do what the JavaScript object can do. */
export function createConsole(sandbox: Sandbox, world: World): (request: Incoming) => Outgoing {
  // Random even if there is a seed: it protects the forms from other websites.
  const token = randomBytes(24).toString('base64url');
  const context = { sandbox, world, token };
  return (request) => {
    try {
      return handle(context, request);
    } catch (error) {
      if (error instanceof Refusal) return refusalPage(error, request);
      // What the sandbox does not do for JavaScript, it does not do for a form.
      if (error instanceof TypeError) return refusalPage(new Refusal('This cannot be done', error.message), request);
      throw error;
    }
  };
}

function handle(context: ConsoleContext, request: Incoming): Outgoing {
  const { method, path, search } = request;
  if (path === '/favicon.ico') return { status: 204, headers: {}, body: '' };
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (show) {
    if (method !== 'GET' && method !== 'HEAD') {
      throw new Refusal('This page is only read', 'Use its forms.', { status: 405 });
    }
    const query = [...(readForm(search.slice(1)) ?? [])].map(([name, [value = '']]) => [name, value] as const);
    return show(context, new Map(query));
  }
  const form = method === 'POST' ? formOf(request) : undefined;
  if (!form || form.get('token')?.[0] !== context.token) {
    throw new Refusal("Not a form of the sandbox's page", 'Use the forms of the page, freshly loaded.', {
      status: 403,
    });
  }
  const act = Object.hasOwn(actions, path) ? actions[path] : undefined;
  if (!act) throw new Refusal('There is no such page', 'Go back to the start page of the sandbox.', { status: 404 });
  const field: Fields = (name) => form.get(name)?.[0] ?? '';
  // Only to pages of the console: another address would be an open redirect.
  const back = Object.hasOwn(pages, field('from')) ? field('from') : '/';
  return act(context, field) ?? redirect(back, 303);
}
