/** A token response. */
export const tokens = JSON.stringify({
  access_token: 'access-1'.padEnd(800, 'x'),
  token_type: 'Bearer',
  expires_in: 900,
  refresh_token: 'refresh-1'.padEnd(60, 'x'),
});

/** A profile in Criteo's and Google's form. */
export const profile = JSON.stringify({
  sub: '13',
  id: 13,
  login: 'client-name-1',
  name: 'ClientName1',
  email: 'someone@example.com',
  data: [{ type: 'advertiser', id: '13', attributes: { advertiserName: 'ClientName1' } }],
  errors: [],
  warnings: [],
});
