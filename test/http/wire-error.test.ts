import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { isPassingFailure, timeoutError, wireError } from '../../lib/http/wire-error';
import { expectNoSecret } from '../support/errors';

const request = { method: 'POST', url: new URL('https://api.criteo.com/oauth2/token?q=s3cr3t') };
const failure = (code: string): Error => Object.assign(new Error('it failed'), { code });

describe('wireError', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENETUNREACH']) {
    it(`reports ${code} as a retryable failure of the network`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
      expect(error.message).to.equal(
        `POST https://api.criteo.com/oauth2/token: the connection failed (${code}). Check the network, DNS, firewall and proxy on the way`,
      );
    });
  }

  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL']) {
    it(`reports ${code} as a retryable limit of this machine`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
      expect(error.message).to.include(code).and.include('raise the limit');
    });
  }

  for (const code of ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_INVALID_PROTOCOL']) {
    it(`reports ${code} as a failure that is not retryable`, () => {
      const error = wireError(request, failure(code));
      expect(error).to.include({ code: 'connection_failed', retryable: false });
      expect(error.message).to.include(code).and.include('option agent');
      expect(isPassingFailure(failure(code))).to.equal(false);
    });
  }

  it('reports a connection that broke within the response as response_truncated', () => {
    const error = wireError(request, failure('ECONNRESET'), { status: 200 });
    expect(error).to.include({ code: 'response_truncated', retryable: true });
    expect(error.message).to.include(': the connection broke within the response (ECONNRESET)');
    expect(error).to.deep.include({ response: { status: 200 } });
  });

  it('reports a response that is not HTTP as invalid_response, without the received bytes', () => {
    for (const response of [undefined, { status: 200 }]) {
      const cause = Object.assign(failure('HPE_INVALID_CONSTANT'), { rawPacket: Buffer.from('s3cr3t') });
      const error = wireError(request, cause, response);
      expect(error).to.include({ code: 'invalid_response', retryable: false });
      expect(error.cause).to.include({ message: 'it failed', code: 'HPE_INVALID_CONSTANT' });
      expectNoSecret(error, 's3cr3t');
    }
  });

  it('keeps name, message, code and stack of an agent’s error as cause, and none of its other properties', () => {
    // The agents of socks and many HTTP clients attach such options.
    const options = { proxy: { host: 'proxy.example', password: 's3cr3t' }, headers: { authorization: 's3cr3t' } };
    const cause = Object.assign(failure('EPROXY'), { options });
    const error = wireError(request, cause);
    expect(error.cause).to.include({ name: 'Error', message: 'it failed', code: 'EPROXY' });
    expect((error.cause as Error).stack).to.include('wire-error.test');
    expectNoSecret(error, 's3cr3t');
  });

  it('returns a CriteoTransportError unchanged, and accepts any other value', () => {
    const known = new CriteoTransportError('known', { code: 'timeout', status: 504 });
    expect(wireError(request, known)).to.equal(known);
    for (const thrown of ['no proxy', undefined, null, 17, {}]) {
      const error = wireError(request, thrown);
      expect(error).to.include({ code: 'connection_failed', retryable: false });
      expectNoSecret(error, 's3cr3t');
    }
  });

  it('ends with the hint of the request', () => {
    const error = wireError({ ...request, hint: 'Start the login again' }, failure('EPIPE'));
    expect(error.message).to.match(/EPIPE.*\. Start the login again$/);
  });
});

describe('timeoutError', () => {
  it('names the option timeout and its value', () => {
    const error = timeoutError(request, 250);
    expect(error).to.include({ code: 'timeout', status: 504, retryable: true });
    expect(error.message).to.include('250 ms (the option timeout)');
  });
});
