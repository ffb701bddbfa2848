import nock from 'nock';

// nock replaces node's http as soon as it is imported, so it is switched off until a test needs it.
nock.restore();

/** Replaces the host that Criteo documents (nock) in the tests of one `describe`. No request leaves the machine. */
export function documented(origin = 'https://api.criteo.com'): () => nock.Scope {
  before(() => {
    nock.activate();
    nock.disableNetConnect();
  });
  afterEach(() => nock.cleanAll());
  after(() => {
    nock.enableNetConnect();
    nock.restore();
  });
  return () => nock(origin);
}
