const { signIn } = require('./login.cjs');

it('signs a person in', async () => {
  expect(await signIn()).toBe('signed in as Northwind Outdoor and 4 more');
});

it('has errors that are instances of their classes', async () => {
  const { CriteoClient, CriteoTransportError } = require('passport-criteo');
  const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: 'http://127.0.0.1:1' });
  await expect(client.refresh('token')).rejects.toBeInstanceOf(CriteoTransportError);
});
