// node official.mjs CASES KEY.pem CERTIFICATES.pem: what AWS's, Google's and Microsoft's own libraries for JavaScript would send for each case,
// in the form of dump.cpp. Nothing reaches the network: each library is given an HTTP client that records and answers.
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import os from 'node:os';
import path from 'node:path';

const cases = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const pem = fs.readFileSync(process.argv[3], 'utf8');
const certificates = fs.readFileSync(process.argv[4], 'utf8');
const began = process.cwd();
process.chdir(fs.mkdtempSync(path.join(os.tmpdir(), 'parity-')));
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
// Enough of an answer for every token service.
const token = {access_token: 'token', expires_in: 3599, token_type: 'Bearer', accessToken: 'token',
               issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', expireTime: '2026-01-02T04:04:05Z',
               subject_token: 'subject/+=token', expires_on: 4102444800, resource: 'https://ml.azure.com'};

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

// Keeps what google-auth-library sends under the names that `name` gives.
function recordGoogle(name) {
  const require = createRequire(createRequire(import.meta.url).resolve('google-auth-library'));
  require('gaxios').Gaxios.prototype.request = async options => {
    const headers = Object.fromEntries(new Headers(options.headers));
    const form = options.data instanceof URLSearchParams;
    if (form) headers['content-type'] = 'application/x-www-form-urlencoded;charset=UTF-8';
    const body = form || typeof options.data === 'string' ? String(options.data) : options.data && JSON.stringify(options.data);
    keep(name(), options.method ?? 'GET', String(options.url), headers, body);
    return {data: token, status: 200, headers: new Headers()};
  };
}

async function federation() {
  const {ExternalAccountClient} = await import('google-auth-library');
  const given = cases.federation;
  Object.assign(process.env, given.aws, {GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: '1'});
  fs.writeFileSync('subject.txt', given.subject_token);
  fs.writeFileSync('subject.json', JSON.stringify(given.executable));
  for (const [name, source] of Object.entries(given.sources)) {
    for (const impersonates of [false, true]) {
      const title = `federation ${name}${impersonates ? ' impersonation' : ''}`;
      const info = {...given.file, ...source};
      if (impersonates) info.service_account_impersonation_url = given.impersonation;
      let step = 0;
      recordGoogle(() => `${title} ${++step}`);
      const client = ExternalAccountClient.fromJSON(info);
      client.scopes = [cases.google.scope];
      await client.getAccessToken();
    }
  }
}

async function googleFiles() {
  const {GoogleAuth} = await import('google-auth-library');
  for (const [name, info] of Object.entries(cases.google_files)) {
    let step = 0;
    recordGoogle(() => `google file ${name} ${++step}`);
    const client = new GoogleAuth().fromJSON(info);
    client.scopes = [cases.google.scope];
    client.targetScopes = [cases.google.scope];
    await client.getAccessToken();
  }
}

async function google() {
  const {JWT} = await import('google-auth-library');
  recordGoogle(() => 'google grant');
  const key = {email: cases.google.client_email, key: pem, keyId: cases.google.private_key_id};
  await new JWT({...key, scopes: [cases.google.scope]}).getAccessToken();
  const own = new JWT({...key, scopes: [cases.google.scope]});
  own.useJWTAccessWithScope = true;
  const headers = Object.fromEntries(new Headers(await own.getRequestHeaders()));
  keep('google self-signed', 'POST', '', headers, '');
}

async function azure(inAppService) {
  const {ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential,
         WorkloadIdentityCredential} = await import('@azure/identity');
  const {tenant_id, client_id, client_secret, object_id, resource_id, assertion, app_service, scope} = cases.azure;
  const reply = (request, status, body) => ({request, status, headers: request.headers.clone?.() ?? request.headers,
                                             bodyAsText: JSON.stringify(body)});
  const authority = `https://login.microsoftonline.com/${tenant_id}`;
  // The library takes the first certificate for the application's.
  const blocks = certificates.match(/-----BEGIN[^]*?-----END[^\n]*\n/g).reverse().join('');
  fs.writeFileSync('certificate.pem', pem + blocks);
  fs.writeFileSync('assertion.txt', assertion);

  // MSAL keeps the first client that it is given for all managed identities.
  let name = '', step = 0;
  async function ask(what, make) {
    [name, step] = [what, 0];
    const httpClient = {
      sendRequest: async request => {
        if (request.url.includes('openid-configuration')) {  // discovery, which this library does not need
          return reply(request, 200, {token_endpoint: `${authority}/oauth2/v2.0/token`,
                                      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
                                      issuer: `${authority}/v2.0`, jwks_uri: `${authority}/discovery/v2.0/keys`});
        }
        keep(`azure ${name} ${++step}`, request.method, request.url, request.headers.toJSON(),
             request.body && String(request.body));
        return reply(request, 200, {...token, ext_expires_in: 3599});
      }};
    await make({httpClient, disableInstanceDiscovery: true}).getToken(scope);
  }
  if (inAppService) {
    Object.assign(process.env, app_service);
    return ask('managed app service', options => new ManagedIdentityCredential({resourceId: resource_id, ...options}));
  }
  const certificatePath = 'certificate.pem';
  await ask('client secret', options => new ClientSecretCredential(tenant_id, client_id, client_secret, options));
  await ask('certificate',
            options => new ClientCertificateCredential(tenant_id, client_id, {certificatePath}, options));
  await ask('certificate chain',
            options => new ClientCertificateCredential(tenant_id, client_id, {certificatePath},
                                                       {...options, sendCertificateChain: true}));
  await ask('federated',
            options => new ClientAssertionCredential(tenant_id, client_id, async () => assertion, options));
  await ask('workload', options => new WorkloadIdentityCredential(
    {tenantId: tenant_id, clientId: client_id, tokenFilePath: 'assertion.txt', ...options}));
  await ask('managed imds', options => new ManagedIdentityCredential(options));
  await ask('managed imds client', options => new ManagedIdentityCredential({clientId: client_id, ...options}));
  await ask('managed imds object', options => new ManagedIdentityCredential({objectId: object_id, ...options}));
}

// MSAL keeps where it found managed identities, too: App Service takes a process of its own.
if (process.argv[5] === 'app-service') {
  await azure(true);
} else {
  await sagemaker();
  await google();
  await azure(false);
  await federation();
  await googleFiles();
  const command = [...process.execArgv, ...process.argv.slice(1), 'app-service'];
  sent.push(...JSON.parse(spawnSync(process.execPath, command, {cwd: began, encoding: 'utf8'}).stdout));
}
console.log(JSON.stringify(sent, null, 1));
