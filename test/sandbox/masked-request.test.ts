import { expect } from 'chai';
import { maskRequest } from '../../lib/sandbox';
import { opener, raw } from './support';

describe('sandbox: masked requests', () => {
  const open = opener();
  const secret = 'AbCdEfGh12345678+AbCdEfGh12345678/AbCdEfGh12345678';
  const fields = { grant_type: 'refresh_token', client_id: 'reports', client_secret: secret, refresh_token: 'short' };
  const form = new URLSearchParams(fields).toString();
  const shownForm = 'grant_type=refresh_token&client_id=reports&client_secret=•••&refresh_token=•••';

  for (const [what, contentType, body, shown] of [
    ['a form', 'application/x-www-form-urlencoded', form, shownForm],
    ['a form with another content type', 'text/plain', form, shownForm],
    [
      'JSON',
      'application/json',
      JSON.stringify({ ...fields, more: [1, { code: 'x', state: 's' }] }),
      '{"grant_type":"refresh_token","client_id":"reports","client_secret":"•••","refresh_token":"•••","more":["•••",{"code":"•••","state":"s"}]}',
    ],
    ['a form that cannot be decoded', 'application/x-www-form-urlencoded', 'client_secret=%zz-secret', '•••'],
    ['a form of parts', 'multipart/form-data; boundary=x', `--x\r\n\r\nshort\r\n--x--`, '•••'],
    ['a number', 'application/json', '1234', '•••'],
    ['nothing', 'text/plain', '', ''],
  ] as const) {
    it(`show of ${what} only what is no secret`, async () => {
      const sandbox = await open();
      await raw(sandbox.endpoints.tokenURL, { method: 'POST', headers: { 'content-type': contentType } }, body);
      const [request] = sandbox.requests.map(maskRequest);
      expect(request?.body).to.equal(shown);
    });
  }
});
