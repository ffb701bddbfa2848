import { expect } from 'chai';
import { createSandbox, sandboxVariants, type VariantName, type Variants } from 'passport-criteo/sandbox';
import { starter } from '../cli/process-support';
import { environment } from '../cli/support';
import { freePort, user } from '../cli/user';

const facts = Object.entries(sandboxVariants) as [VariantName, { variants: object }][];
const most = Math.max(...facts.map(([, { variants }]) => Object.keys(variants).length));
/** As few worlds as there can be, so that every variant is in one of them. */
const worlds = Array.from({ length: most }, (_, world) =>
  Object.fromEntries(
    facts.map(([name, { variants }]) => {
      const all = Object.keys(variants);
      return [name, all[world % all.length]];
    }),
  ),
) as unknown as Variants[];

describe('The command in a pseudo-terminal, against a sandbox', () => {
  const { inTerminal } = starter();

  for (const [index, variants] of worlds.entries()) {
    it(`signs in and finds nothing wrong, in world ${index + 1} of ${worlds.length}`, async () => {
      const sandbox = await createSandbox({ variants });
      const callbackURL = `http://localhost:${await freePort()}/criteo-auth/callback`;
      const running = inTerminal(['check', '--login'], environment(sandbox, callbackURL));
      const url = await running.sees(/http:\S+\/request\?\S+(?=\s)/);
      await user(() => sandbox)(url);
      if (variants.portfolioAfterConsent !== 'complete') {
        await running.sees(/The portfolio is empty, as it may be for a minute/);
        sandbox.advance(60_000);
      }
      expect(await running.ended.finally(() => sandbox.close()), running.printed).to.equal(0);
      expect(running.printed)
        .to.match(/Portfolio.*: 5 advertisers/)
        .and.match(/Refresh.*: works/);
      expect(running.printed).to.not.match(/^\S*wrong/m);
    });
  }
});
