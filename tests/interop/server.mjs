// A real authorization server for the interop suite: npm oidc-provider, on loopback, with a person who can be scripted.
//
// Prints its issuer on one line when it listens, and ends when its standard input does.
// Environment: PORT (0: any), ACCESS_TTL, REFRESH_TTL, CODE_TTL (seconds), SECRET (of the confidential clients).
// The person's answer is steered by `login_hint`, words separated by commas:
//   user:<name>      who signs in (default "me")
//   deny             says no
//   only:<scopes>    grants these and no others
//   manual           gets a page with two buttons instead of an answer
// Beside the server proper, and not part of it: GET /_counters, and POST /_advance?seconds=N, which moves its clock.

import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

const { PORT = '0', ACCESS_TTL = '600', REFRESH_TTL = '86400', CODE_TTL = '60', SECRET = 'secret' } = process.env;
const realNow = Date.now;
let ahead = 0;
Date.now = () => realNow() + ahead;

const standard = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
const clients = [
  {
    ...standard,
    client_id: 'native',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback/op'],
  },
  {
    ...standard,
    client_id: 'confidential:client/1',
    client_secret: SECRET,
    application_type: 'native',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: ['http://127.0.0.1/callback/op'],
  },
  {
    ...standard,
    client_id: 'confidential-post',
    client_secret: SECRET,
    application_type: 'native',
    token_endpoint_auth_method: 'client_secret_post',
    redirect_uris: ['http://127.0.0.1/callback/op'],
  },
  {
    client_id: 'television',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types: [],
    redirect_uris: [],
  },
];

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const configuration = {
  clients,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clockTolerance: 0, // the default of 15 seconds lets a token live on after its end
  scopes: ['openid', 'offline_access', 'calendar.read', 'calendar.write'],
  claims: { email: ['email'], profile: ['name'] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  ttl: {
    AccessToken: Number(ACCESS_TTL),
    AuthorizationCode: Number(CODE_TTL),
    DeviceCode: 600,
    Grant: 30 * 86400,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: Number(REFRESH_TTL),
    Session: 86400,
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@example.test`, name: sub }),
  }),
};

const counters = {};
const count = (name) => { counters[name] = (counters[name] ?? 0) + 1; };

function wishes(hint = '') {
  const words = hint.split(',').map((word) => word.split(/:(.*)/s));
  return Object.fromEntries(words.map(([name, value = '']) => [name, value]));
}

async function consent(provider, { grantId, params, session }, only) {
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const asked = params.scope.split(' ');
  const granted = only === undefined ? asked : asked.filter((scope) => only.split(' ').includes(scope));
  grant.addOIDCScope(granted.join(' '));
  grant.rejectOIDCScope(asked.filter((scope) => !granted.includes(scope)).join(' '));
  return { consent: { grantId: await grant.save() } };
}

const PAGE = `<!doctype html><title>Consent</title><form method="post">
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>`;

async function interact(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  const person = wishes(details.params.login_hint);
  let denied = 'deny' in person;
  if ('manual' in person && details.prompt.name === 'consent') {
    if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(PAGE);
    let body = '';
    for await (const chunk of request) body += chunk;
    denied = body.includes('answer=deny');
  }
  let result;
  if (denied) result = { error: 'access_denied', error_description: 'The person said no' };
  else if (details.prompt.name === 'login') result = { login: { accountId: person.user || 'me' } };
  else result = await consent(provider, details, person.only);
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !denied });
}

async function main() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(Number(PORT), '127.0.0.1', resolve); });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('grant.success', (ctx) => count(`${ctx.oidc.params.grant_type} ok`));
  provider.on('grant.error', (ctx, error) => count(`${ctx.oidc.params?.grant_type} ${error.error}`));
  provider.on('grant.revoked', () => count('grant revoked'));
  const serve = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname === '/_counters') response.end(JSON.stringify(counters));
    else if (url.pathname === '/_advance') {
      ahead += 1000 * Number(url.searchParams.get('seconds'));
      response.end();
    } else if (url.pathname.startsWith('/interaction/')) {
      interact(provider, request, response).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    } else serve(request, response);
  });
  process.stdin.resume().on('end', () => process.exit(0));
  console.log(issuer);
}

await main();
