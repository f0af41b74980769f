// node official.mjs CASES KEY.pem: what AWS's, Google's and Microsoft's own libraries for JavaScript would send for each case,
// in the form of dump.cpp. Nothing reaches the network: each library is given an HTTP client that records and answers.
import fs from 'node:fs';

const cases = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const pem = fs.readFileSync(process.argv[3], 'utf8');
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length) super(...given);
    else super(cases.time * 1000);
  }
  static now() { return cases.time * 1000; }
};

const sent = [];
function keep(name, method, url, headers, body) {
  sent.push({case: name, method, url, headers: {...headers}, body: Buffer.from(body ?? '').toString('base64')});
}
const token = {access_token: 'token', expires_in: 3599, token_type: 'Bearer'};

// These are random or name the SDK, and the SDK signs some of them: compared would be noise.
const ownHeaders = ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent', 'user-agent'];

async function sagemaker() {
  const {SageMakerRuntimeClient, InvokeEndpointCommand, InvokeEndpointWithResponseStreamCommand} =
    await import('@aws-sdk/client-sagemaker-runtime');
  for (const one of cases.sagemaker) {
    const client = new SageMakerRuntimeClient({
      region: cases.aws.region,
      maxAttempts: 1,
      credentials: {accessKeyId: cases.aws.access_key_id, secretAccessKey: cases.aws.secret_access_key,
                    sessionToken: one.session_token},
      requestHandler: {
        metadata: {handlerProtocol: 'http/1.1'},
        handle: async request => {
          const query = Object.keys(request.query ?? {}).length ? '?' + new URLSearchParams(request.query) : '';
          keep('sagemaker ' + one.name, request.method,
               `${request.protocol}//${request.hostname}${request.path}${query}`, request.headers, request.body);
          throw new Error('recorded');
        }}});
    client.middlewareStack.addRelativeTo(next => async args => {
      for (const header of ownHeaders) delete args.request.headers[header];
      return next(args);
    }, {relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'withoutOwnHeaders'});
    const parameters = {EndpointName: one.endpoint, Body: Buffer.from(one.body), ContentType: one.content_type,
                        Accept: one.accept};
    for (const [key, value] of Object.entries(one.options ?? {}))
      parameters[key.replace(/(^|_)(.)/g, (_, __, letter) => letter.toUpperCase())] = value;
    const command = one.stream ? new InvokeEndpointWithResponseStreamCommand(parameters)
                               : new InvokeEndpointCommand(parameters);
    await client.send(command).catch(error => { if (error.message !== 'recorded') throw error; });
  }
}

async function google() {
  const {JWT, Gaxios} = await import('google-auth-library').then(
    async library => ({...library, Gaxios: (await import('gaxios')).Gaxios}));
  const transporter = new Gaxios();
  transporter.request = async options => {
    const headers = Object.fromEntries(new Headers(options.headers));
    if (options.data instanceof URLSearchParams) headers['content-type'] = 'application/x-www-form-urlencoded;charset=UTF-8';
    keep('google grant', options.method, String(options.url), headers, String(options.data));
    return {data: token, status: 200, headers: new Headers()};
  };
  const key = {email: cases.google.client_email, key: pem, keyId: cases.google.private_key_id};
  await new JWT({...key, scopes: [cases.google.scope], transporter}).getAccessToken();
  const own = new JWT({...key, scopes: [cases.google.scope]});
  own.useJWTAccessWithScope = true;
  const headers = Object.fromEntries(new Headers(await own.getRequestHeaders()));
  keep('google self-signed', 'POST', '', headers, '');
}

async function azure() {
  const {ClientSecretCredential} = await import('@azure/identity');
  const {tenant_id, client_id, client_secret, scope} = cases.azure;
  const reply = (request, status, body) => ({request, status, headers: request.headers.clone?.() ?? request.headers,
                                             bodyAsText: JSON.stringify(body)});
  const authority = `https://login.microsoftonline.com/${tenant_id}`;
  const httpClient = {
    sendRequest: async request => {
      if (request.method === 'GET') {  // discovery of the token endpoint, which this library does not need
        return reply(request, 200, {token_endpoint: `${authority}/oauth2/v2.0/token`,
                                    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
                                    issuer: `${authority}/v2.0`, jwks_uri: `${authority}/discovery/v2.0/keys`});
      }
      keep('azure client secret', request.method, request.url, request.headers.toJSON(), String(request.body));
      return reply(request, 200, {...token, ext_expires_in: 3599});
    }};
  await new ClientSecretCredential(tenant_id, client_id, client_secret,
                                   {httpClient, disableInstanceDiscovery: true}).getToken(scope);
}

await sagemaker();
await google();
await azure();
console.log(JSON.stringify(sent, null, 1));
