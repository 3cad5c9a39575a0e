// What any gRPC client expects of any server: health, reflection, and an orderly end. This one knows no proto file of
// weir's: it asks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

import { grpcClient, loading, newProducer, reasonOf } from './grpc.mjs';
import { startRelay } from './relay.mjs';
import { until } from './until.mjs';

/** As much of the two published services as is asked here. */
const published = `
  syntax = "proto3";
  package grpc;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { enum Status { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; } Status status = 1; }
  service Health {
    rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
    rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
  }
  message ServerReflectionRequest {
    oneof message_request { string file_containing_symbol = 4; string list_services = 7; }
  }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message ServerReflectionResponse {
    oneof message_response { Files file_descriptor_response = 4; Services list_services_response = 6; }
  }
  service ServerReflection { rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse); }
`;
const { grpc: services } = serviceOf(published);

function serviceOf(text) {
  const definition = protoLoader.fromJSON(protobuf.parse(text).root.toJSON(), loading);
  // Their real packages: the messages above stand in one.
  for (const [name, path] of [
    ['grpc.Health', '/grpc.health.v1.Health/'],
    ['grpc.ServerReflection', '/grpc.reflection.v1alpha.ServerReflection/'],
  ])
    for (const [method, one] of Object.entries(definition[name])) one.path = path + method;
  return grpc.loadPackageDefinition(definition);
}

let relay;
before(async () => (relay = await startRelay()));
after(() => relay.end());
const connect = (Service) => new Service(`127.0.0.1:${relay.grpc}`, grpc.credentials.createInsecure());
const health = (service) =>
  new Promise((resolve, reject) => {
    const client = connect(services.Health);
    client.Check({ service }, (error, answer) => {
      client.close();
      if (error === null) resolve(answer.status);
      else reject(error);
    });
  });

async function reflect(request) {
  const client = connect(services.ServerReflection);
  const call = client.ServerReflectionInfo();
  call.write(request);
  call.end();
  const answers = [];
  for await (const answer of call) answers.push(answer);
  client.close();
  return answers[0];
}

test('health follows readiness', async () => {
  await until('it serves', async () => (await health('').catch(() => '')) === 'SERVING');
  assert.equal(await health('weir.v1.Relay'), 'SERVING');
  await assert.rejects(health('weir.v1.Nothing'), { code: grpc.status.NOT_FOUND });
});

test('by reflection a stranger finds the service and calls it', async () => {
  const { listServicesResponse } = await reflect({ listServices: '' });
  const names = listServicesResponse.service.map(({ name }) => name);
  assert.ok(names.includes('weir.v1.Relay'), `${names}`);
  const { fileDescriptorResponse } = await reflect({ fileContainingSymbol: 'weir.v1.Relay' });
  const set = protobuf.Writer.create();
  for (const file of fileDescriptorResponse.fileDescriptorProto) set.uint32(10).bytes(file); // FileDescriptorSet.file
  const definition = protoLoader.loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), loading);
  const { Relay } = grpc.loadPackageDefinition(definition).weir.v1;
  assert.deepEqual(
    Object.keys(Relay.service).sort(),
    [
      'Append', 'DeleteDocument', 'Feed', 'GetDocument', 'ListDocuments', 'ListSnapshots', 'ListSpaces', 'PutSnapshot',
      'Read', 'ReadSnapshot', 'RecreateDocument', 'ReleaseSnapshot', 'Sync', 'WithdrawSnapshot',
    ],
  );
  const client = connect(Relay);
  const request = { space: 'found', document: 'plan', producer: newProducer(), deltas: [{ payload: Buffer.from('x') }] };
  const answer = await new Promise((resolve, reject) =>
    client.Append(request, (error, stored) => (error === null ? resolve(stored) : reject(error))),
  );
  assert.equal(answer.through_sequence, '1', 'descriptors name fields as the proto file does');
  client.close();
});

test('a relay that is stopped tells its streams and watchers, and ends', async () => {
  const client = grpcClient(relay);
  const session = client.sync();
  await session.hello(newProducer());
  const feed = client.stream('Feed', { space: 'found', follow: true });
  let feedStatus;
  feed.on('error', () => {}).on('data', () => {});
  feed.on('status', (status) => (feedStatus = status));
  const watcher = connect(services.Health);
  const seen = [];
  const watch = watcher.Watch({ service: '' });
  watch.on('data', ({ status }) => seen.push(status)).on('error', () => seen.push('ended'));
  await until('the watcher has heard', () => seen.includes('SERVING'));
  await relay.stop();
  assert.match(relay.log, /stopped/);
  assert.ok((await session.first('goingAway')).reason.length > 0);
  for (const status of [await session.end(), feedStatus]) {
    assert.equal(status.code, grpc.status.UNAVAILABLE);
    assert.equal(reasonOf(status), 'GOING_AWAY');
  }
  await until('the watcher has heard of it', () => seen.at(-1) !== 'SERVING');
  watcher.close();
  await relay.start();
  assert.equal((await client.all('Feed', { space: 'found' }))[0].entries.length, 1);
  client.close();
});
