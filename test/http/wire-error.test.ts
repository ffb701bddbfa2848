import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { isPassing, timeoutError, wireError } from '../../lib/http/wire-error';
import { expectNoSecret } from '../support/errors';

const request = { method: 'POST', url: new URL('https://api.criteo.com/oauth2/token?q=s3cr3t') };
const failure = (code: string): Error => Object.assign(new Error('it failed'), { code });

describe('wireError', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENETUNREACH']) {
    it(`takes ${code} for a failure of the network that may pass`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
      expect(error.message).to.equal(
        `POST https://api.criteo.com/oauth2/token: the connection failed (${code}). Check the network, DNS, firewall and proxy on the way`,
      );
    });
  }

  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL']) {
    it(`takes ${code} for a limit of this machine that may pass`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
      expect(error.message).to.include(code).and.include('raise the limit');
    });
  }

  for (const code of ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_INVALID_PROTOCOL']) {
    it(`takes ${code} for a failure that will not pass`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', retryable: false });
      expect(error.message).to.include(code).and.include('option agent');
      expect(isPassing(failure(code))).to.equal(false);
    });
  }

  it('knows a connection that broke within the response', () => {
    const error = wireError(request, failure('ECONNRESET'), { status: 200 });
    expect(error).to.include({ code: 'response_truncated', retryable: true });
    expect(error).to.deep.include({ response: { status: 200 } });
  });

  it('knows what is not HTTP, and drops the bytes that came', () => {
    for (const response of [undefined, { status: 200 }]) {
      const cause = Object.assign(failure('HPE_INVALID_CONSTANT'), { rawPacket: Buffer.from('s3cr3t') });
      const error = wireError(request, cause, response);
      expect(error).to.include({ code: 'invalid_response', retryable: false });
      expect(error.cause).to.include({ message: 'it failed', code: 'HPE_INVALID_CONSTANT' });
      expectNoSecret(error, 's3cr3t');
    }
  });

  it('shows name, message, code and stack of an error of an agent, and nothing that the agent attached', () => {
    // As those of socks and of many clients do.
    const options = { proxy: { host: 'proxy.example', password: 's3cr3t' }, headers: { authorization: 's3cr3t' } };
    const cause = Object.assign(failure('EPROXY'), { options });
    const error = wireError(request, cause);
    expect(error.cause).to.include({ name: 'Error', message: 'it failed', code: 'EPROXY' });
    expect((error.cause as Error).stack).to.include('wire-error.test');
    expectNoSecret(error, 's3cr3t');
  });

  it('leaves an error of ours as it is, and takes anything else', () => {
    const ours = new CriteoTransportError('ours', { code: 'timeout', status: 504 });
    expect(wireError(request, ours)).to.equal(ours);
    for (const thrown of ['no proxy', undefined, null, 17, {}]) {
      const error = wireError(request, thrown);
      expect(error).to.include({ code: 'connection_failed', retryable: false });
      expectNoSecret(error, 's3cr3t');
    }
  });

  it('says what to do, if the request does', () => {
    const error = wireError({ ...request, hint: 'Start the login again' }, failure('EPIPE'));
    expect(error.message).to.match(/EPIPE.*\. Start the login again$/);
  });
});

describe('timeoutError', () => {
  it('names the option', () => {
    const error = timeoutError(request, 250);
    expect(error).to.include({ code: 'timeout', status: 504, retryable: true });
    expect(error.message).to.include('250 ms (the option timeout)');
  });
});
