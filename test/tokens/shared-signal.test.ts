import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { LIFE, opener, until } from './support';

describe('A signal that many calls share', () => {
  const open = opener();

  it('has one listener for forty calls, no warning, and no listener afterwards', async () => {
    const { source, consent, pass, sandbox } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 30 });
    const warnings: Error[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    const calls = Array.from({ length: 40 }, () => connections.accessToken('user-1', { signal }));
    const fetches = Array.from({ length: 40 }, () =>
      connections.fetch('user-1', '/2026-07/advertisers/me', { signal }),
    );
    await until(() => getEventListeners(signal, 'abort').length > 0);
    expect(getEventListeners(signal, 'abort')).to.have.length(1);
    await Promise.all(calls);
    for (const response of await Promise.all(fetches)) await response.text();
    await until(() => getEventListeners(signal, 'abort').length === 0);
    process.off('warning', onWarning);
    expect(warnings).to.deep.equal([]);
  });

  it('ends all of them when it aborts', async () => {
    const { source, consent, pass, sandbox } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 30 });
    const control = new AbortController();
    const { signal } = control;
    const calls = Array.from({ length: 40 }, () => connections.accessToken('user-1', { signal }));
    await new Promise(setImmediate);
    control.abort();
    for (const call of calls) expect(await rejection(call, CriteoTransportError)).to.include({ code: 'aborted' });
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('gets no listener if it had aborted before', async () => {
    const { source } = await open();
    const signal = AbortSignal.abort();
    for (let i = 0; i < 40; i += 1) {
      await rejection(source().accessToken('user-1', { signal }), CriteoTransportError);
      await rejection(source().fetch('user-1', '/', { signal }), CriteoTransportError);
    }
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });
});
