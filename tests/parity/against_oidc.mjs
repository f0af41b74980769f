// node against_oidc.mjs PATH-TO-endpointkit KEY.pem CERTIFICATES.pem: the command line against oidc-provider,
// a certified OpenID provider in Entra's place. The right secret and the right certificate get a token, wrong ones do not.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createPublicKey, generateKeyPairSync} from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import Provider from 'oidc-provider';

const [program, keyFile, certificatesFile] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oidc-'));
const tenant = 'tenant-1', secret = 's3cr&t=~ +%25';
const certificates = fs.readFileSync(certificatesFile, 'utf8');
const key = fs.readFileSync(keyFile, 'utf8');

// The service looks for the key by nothing but the algorithm: Entra knows it by x5t#S256.
function client(id, algorithm, publicKey = createPublicKey(key)) {
  const shared = {client_id: id, grant_types: ['client_credentials'], redirect_uris: [], response_types: []};
  if (!algorithm) return {...shared, client_secret: secret, token_endpoint_auth_method: 'client_secret_post'};
  const jwk = {...publicKey.export({format: 'jwk'}), use: 'sig', alg: algorithm};
  return {...shared, jwks: {keys: [jwk]}, token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: algorithm};
}

const server = http.createServer();
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(url, {
  clients: [client('secret'), client('certificate', 'PS256'),
            client('stranger', 'PS256', generateKeyPairSync('rsa', {modulusLength: 2048}).publicKey)],
  scopes: ['https://ml.azure.com/.default'],
  enabledJWA: {clientAuthSigningAlgValues: ['PS256', 'RS256']},
  routes: {token: `/${tenant}/oauth2/v2.0/token`},
  features: {clientCredentials: {enabled: true}, devInteractions: {enabled: false}}});
server.on('request', provider.callback());

function ask(variables) {
  const shown = spawn(program, ['whoami', '--json', 'azureml://m.westus.inference.ml.azure.com/score'], {
    env: {AZURE_AUTHORITY_HOST: url, AZURE_TENANT_ID: tenant, AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential', ...variables},
    stdio: ['ignore', 'pipe', 'inherit']});
  return new Promise((resolve, reject) => {
    let text = '';
    shown.stdout.on('data', piece => text += piece);
    shown.on('error', reject);
    shown.on('close', () => resolve(JSON.parse(text)));
  });
}
const file = path.join(folder, 'application.pem');
fs.writeFileSync(file, key + certificates);
const certificate = {AZURE_CLIENT_ID: 'certificate', AZURE_CLIENT_CERTIFICATE_PATH: file};

try {
  for (const right of [{AZURE_CLIENT_ID: 'secret', AZURE_CLIENT_SECRET: secret}, certificate]) {
    const report = await ask(right);
    assert.equal(report.error, null);
    assert.notEqual(report.expires, null);
  }
  for (const wrong of [{AZURE_CLIENT_ID: 'secret', AZURE_CLIENT_SECRET: 'wrong'},
                       {...certificate, AZURE_CLIENT_ID: 'stranger'}, {...certificate, AZURE_CLIENT_ID: 'secret'}]) {
    const report = await ask(wrong);
    assert.equal(report.error.code, 'authentication');
    assert.equal(report.error.http_status, 401);
  }
} finally {
  server.close();
  fs.rmSync(folder, {recursive: true});
}
console.log('oidc-provider believes our secret and our certificate, and refuses wrong ones');
