// A real OpenID Connect provider for the tests: `node provider.mjs '{"port": 1, "jwks": {…}, …}'`.
// It issues access tokens of RFC 9068 for one audience, to programs and to persons. Of the 8th line,
// the last that runs on Node.js 18, which is Debian 12's.
import Provider from 'oidc-provider'

const told = JSON.parse(process.argv[2])
const issuer = `http://127.0.0.1:${told.port}`

const provider = new Provider(issuer, {
  jwks: told.jwks,
  clients: [
    {
      client_id: 'program',
      client_secret: told.secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: told.alg,
    },
    {
      client_id: 'portal',
      client_secret: told.secret,
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [told.back],
      id_token_signed_response_alg: told.alg,
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: [told.alg] },
  cookies: { keys: [told.secret] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  extraTokenClaims: () => told.claims,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => told.audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'mammo',
        audience: told.audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: told.alg } },
      }),
    },
  },
})

provider.listen(told.port, '127.0.0.1')
