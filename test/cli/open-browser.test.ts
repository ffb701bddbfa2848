import { expect } from 'chai';
import { browserCommand, openBrowser } from '../../lib/cli/open-browser';

describe('The browser', () => {
  const url = 'https://consent.criteo.com/request?a=1&b=2';

  it('is opened by the program of each system, with the URL as one argument', () => {
    expect(browserCommand(url, 'darwin', {})).to.deep.equal(['open', url]);
    expect(browserCommand(url, 'win32', {})).to.deep.equal(['rundll32', 'url.dll,FileProtocolHandler', url]);
    expect(browserCommand(url, 'linux', { DISPLAY: ':0' })).to.deep.equal(['xdg-open', url]);
    expect(browserCommand(url, 'linux', { WAYLAND_DISPLAY: 'wayland-0' })).to.deep.equal(['xdg-open', url]);
  });

  it('is not opened without a screen', () => {
    expect(browserCommand(url, 'linux', {})).to.equal(undefined);
    expect(openBrowser(url, 'linux', {})).to.equal(undefined);
  });

  it('may be missing, because the URL is printed too', async () => {
    // The program of another system. That it is not here must not end the process.
    const child = openBrowser(url, process.platform === 'win32' ? 'darwin' : 'win32', {});
    const [error] = await new Promise<Error[]>((resolve) => child?.once('error', (...reasons) => resolve(reasons)));
    expect(error).to.have.property('code', 'ENOENT');
  });
});
