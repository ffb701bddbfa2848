import nock from 'nock';

// Importing it is enough for it to stand between every test and node's http.
nock.restore();

/** The host that Criteo documents, for the tests of one `describe`: nothing leaves the machine meanwhile. */
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
