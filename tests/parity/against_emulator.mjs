// node against_emulator.mjs PATH-TO-endpointkit-emulator: AWS's SDK for JavaScript must be believed, decoded and, with a wrong
// key, refused. (Google's library for JavaScript knows one token address only, and Microsoft's wants TLS: the Python ones in
// tests/real speak for them.)
import assert from 'node:assert';
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {InvokeEndpointCommand, InvokeEndpointWithResponseStreamCommand, SageMakerRuntimeClient} from
  '@aws-sdk/client-sagemaker-runtime';

async function start(program) {
  const emulator = spawn(program, ['--print-env', '--tokens-per-second', '0'], {stdio: ['ignore', 'pipe', 'inherit']});
  const variables = {};
  for await (const line of createInterface({input: emulator.stdout})) {
    if (line.startsWith('endpointkit-emulator listening on ')) return {emulator, variables};
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name) variables[name] = value;
  }
  throw new Error('the emulator did not start');
}

function client(variables, secret = variables.AWS_SECRET_ACCESS_KEY) {
  return new SageMakerRuntimeClient({
    region: variables.AWS_REGION, endpoint: variables.AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME, maxAttempts: 1,
    credentials: {accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: secret}});
}

const question = {messages: [{role: 'user', content: 'Tell me of lighthouses'}]};
const parameters = {EndpointName: 'chat', ContentType: 'application/json', Body: JSON.stringify(question)};
const {emulator, variables} = await start(process.argv[2]);
try {
  const reply = await client(variables).send(new InvokeEndpointCommand(parameters));
  assert.match(reply.Body.transformToString(), /lighthouses/);

  const stream = await client(variables).send(new InvokeEndpointWithResponseStreamCommand(
    {...parameters, Body: JSON.stringify({...question, stream: true})}));
  let text = '';
  for await (const event of stream.Body) text += Buffer.from(event.PayloadPart.Bytes).toString('latin1');
  assert.match(text, /\[DONE\]/);

  await assert.rejects(client(variables, 'wrong').send(new InvokeEndpointCommand(parameters)),
                       error => error.name === 'InvalidSignatureException');
} finally {
  emulator.kill();
}
console.log('the AWS SDK for JavaScript agrees');
