// The AWS SDK for JavaScript v3 as it ships, against the server at AWS_ENDPOINT_URL. The last line is the count.
// Run from the folder in which the SDK is installed; javascript.py does that.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { readFileSync } from 'node:fs';
import * as s3sdk from '@aws-sdk/client-s3';
import * as sqssdk from '@aws-sdk/client-sqs';
import * as lambdasdk from '@aws-sdk/client-lambda';
import * as apisdk from '@aws-sdk/client-apigatewayv2';
import * as stssdk from '@aws-sdk/client-sts';
import * as iamsdk from '@aws-sdk/client-iam';
import * as logssdk from '@aws-sdk/client-cloudwatch-logs';
import { Upload } from '@aws-sdk/lib-storage';

const endpoint = process.env.AWS_ENDPOINT_URL;
const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };
const s3 = new s3sdk.S3Client({ ...options, forcePathStyle: true });
const sqs = new sqssdk.SQSClient(options);
const lambda = new lambdasdk.LambdaClient(options);
const role = 'arn:aws:iam::000000000000:role/worker';
const md5 = (data) => createHash('md5').update(data).digest('hex');

function request(method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(endpoint);
    const sent = http.request({ hostname, port, method, path, headers }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function collect(stream) {
  return Buffer.from(await stream.transformToByteArray());
}

const tests = {
  async 'sqs: a round trip'() {
    const { QueueUrl } = await sqs.send(new sqssdk.CreateQueueCommand({ QueueName: 'q', tags: { team: 'a' } }));
    const sent = await sqs.send(new sqssdk.SendMessageCommand({
      QueueUrl, MessageBody: 'ümlaut ✓', MessageAttributes: { Title: { DataType: 'String', StringValue: 'The Whistler' } },
    }));
    assert.equal(sent.MD5OfMessageAttributes, 'f4ba90390ad3f80d43ce8a9e4a4abfd6');
    const got = await sqs.send(new sqssdk.ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }));
    assert.equal(got.Messages[0].Body, 'ümlaut ✓');
    assert.equal(got.Messages[0].MessageAttributes.Title.StringValue, 'The Whistler');
    await sqs.send(new sqssdk.DeleteMessageCommand({ QueueUrl, ReceiptHandle: got.Messages[0].ReceiptHandle }));
    assert.equal((await sqs.send(new sqssdk.ReceiveMessageCommand({ QueueUrl }))).Messages, undefined);
    await assert.rejects(sqs.send(new sqssdk.GetQueueUrlCommand({ QueueName: 'nothing' })), sqssdk.QueueDoesNotExist);
  },

  async 'sqs: the queue url is its own endpoint'() {
    // Without a configured endpoint the SDK sends to the queue's URL: it must lead here.
    const { QueueUrl } = await sqs.send(new sqssdk.CreateQueueCommand({ QueueName: 'q' }));
    assert.equal(new URL(QueueUrl).host, new URL(endpoint).host);
    const answer = await request('POST', new URL(QueueUrl).pathname, {
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: JSON.stringify({ QueueUrl, MessageBody: 'x' }),
    });
    assert.equal(answer.status, 200);
  },

  async 's3: put and get'() {
    await s3.send(new s3sdk.CreateBucketCommand({ Bucket: 'box' }));
    for (const size of [0, 1, 65536, 5 * 1024 * 1024]) {
      const data = Buffer.alloc(size, 'abcdefg');
      const put = await s3.send(new s3sdk.PutObjectCommand({ Bucket: 'box', Key: 'a/ü +&', Body: data, ContentType: 'text/plain', Metadata: { m: '1' } }));
      assert.equal(put.ETag, `"${md5(data)}"`);
      assert.ok(put.ChecksumCRC32);
      const got = await s3.send(new s3sdk.GetObjectCommand({ Bucket: 'box', Key: 'a/ü +&' }));
      assert.deepEqual(await collect(got.Body), data);
      assert.equal(got.ContentType, 'text/plain');
      assert.deepEqual(got.Metadata, { m: '1' });
      assert.ok(got.LastModified instanceof Date);
    }
    await assert.rejects(s3.send(new s3sdk.GetObjectCommand({ Bucket: 'box', Key: 'nothing' })), s3sdk.NoSuchKey);
    await assert.rejects(s3.send(new s3sdk.HeadObjectCommand({ Bucket: 'box', Key: 'nothing' })), s3sdk.NotFound);
    await assert.rejects(s3.send(new s3sdk.ListObjectsV2Command({ Bucket: 'nothing' })), s3sdk.NoSuchBucket);
  },

  async 's3: a stream of known length'() {
    await s3.send(new s3sdk.CreateBucketCommand({ Bucket: 'box' }));
    const data = Buffer.alloc(300000, 'stream');
    await s3.send(new s3sdk.PutObjectCommand({ Bucket: 'box', Key: 'k', Body: Readable.from([data.subarray(0, 100000), data.subarray(100000)]), ContentLength: data.length }));
    const got = await s3.send(new s3sdk.GetObjectCommand({ Bucket: 'box', Key: 'k' }));
    assert.equal(got.ContentEncoding, undefined);
    assert.deepEqual(await collect(got.Body), data);
  },

  async 's3: twenty megabytes with lib-storage'() {
    await s3.send(new s3sdk.CreateBucketCommand({ Bucket: 'box' }));
    const data = Buffer.alloc(20 * 1024 * 1024, 'twenty megabytes ');
    const done = await new Upload({ client: s3, params: { Bucket: 'box', Key: 'big', Body: Readable.from(pieces(data, 1 << 20)) }, partSize: 8 * 1024 * 1024 }).done();
    assert.match(done.ETag, /^"[0-9a-f]{32}-3"$/);
    const got = await s3.send(new s3sdk.GetObjectCommand({ Bucket: 'box', Key: 'big' }));
    assert.equal(md5(await collect(got.Body)), md5(data));
  },

  async 's3: listing and deleting'() {
    await s3.send(new s3sdk.CreateBucketCommand({ Bucket: 'box' }));
    for (const Key of ['a', 'b/1', 'b/2', 'ü']) await s3.send(new s3sdk.PutObjectCommand({ Bucket: 'box', Key, Body: 'x' }));
    const keys = [];
    for await (const page of s3sdk.paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket: 'box' })) keys.push(...page.Contents.map((item) => item.Key));
    assert.deepEqual(keys, ['a', 'b/1', 'b/2', 'ü']);
    const deleted = await s3.send(new s3sdk.DeleteObjectsCommand({ Bucket: 'box', Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    assert.equal(deleted.Deleted.length, 4);
    await s3.send(new s3sdk.DeleteBucketCommand({ Bucket: 'box' }));
  },

  async 'lambda: invoke'() {
    await lambda.send(new lambdasdk.CreateFunctionCommand({
      FunctionName: 'f', Runtime: 'nodejs20.x', Role: role, Handler: 'index.handler', Code: { ZipFile: readFileSync(process.env.FUNCTION_ZIP) },
    }));
    await lambdasdk.waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName: 'f' });
    const answer = await lambda.send(new lambdasdk.InvokeCommand({ FunctionName: 'f', Payload: JSON.stringify({ a: 'ü' }), LogType: 'Tail' }));
    assert.equal(answer.StatusCode, 200);
    assert.deepEqual(JSON.parse(Buffer.from(answer.Payload).toString()), { got: { a: 'ü' } });
    assert.match(Buffer.from(answer.LogResult, 'base64').toString(), /REPORT RequestId: /);
    const failed = await lambda.send(new lambdasdk.InvokeCommand({ FunctionName: 'f', Payload: '{"raise":"no luck"}' }));
    assert.equal(failed.FunctionError, 'Unhandled');
    assert.equal(JSON.parse(Buffer.from(failed.Payload).toString()).errorMessage, 'no luck');
    await assert.rejects(lambda.send(new lambdasdk.GetFunctionCommand({ FunctionName: 'nothing' })), lambdasdk.ResourceNotFoundException);
    const logs = new logssdk.CloudWatchLogsClient(options);
    const { events } = await logs.send(new logssdk.FilterLogEventsCommand({ logGroupName: '/aws/lambda/f' }));
    assert.ok(events.some((event) => event.message.startsWith('START RequestId: ')));
  },

  async 'apigatewayv2: an api in front of a function'() {
    await lambda.send(new lambdasdk.CreateFunctionCommand({
      FunctionName: 'f', Runtime: 'nodejs20.x', Role: role, Handler: 'index.web', Code: { ZipFile: readFileSync(process.env.FUNCTION_ZIP) },
    }));
    await lambda.send(new lambdasdk.AddPermissionCommand({
      FunctionName: 'f', StatementId: 'gateway', Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com',
    }));
    const api = new apisdk.ApiGatewayV2Client(options);
    const made = await api.send(new apisdk.CreateApiCommand({
      Name: 'web', ProtocolType: 'HTTP', Target: 'arn:aws:lambda:us-east-1:000000000000:function:f', Tags: { _custom_id_: 'web' },
    }));
    assert.equal(made.ApiId, 'web');
    assert.ok(made.CreatedDate instanceof Date);
    const answer = await request('GET', '/a/b?c=d', { headers: { host: `web.execute-api.localhost:${new URL(endpoint).port}` } });
    assert.equal(answer.status, 203);
    assert.equal(answer.body.toString(), '/a/b c=d');
    await assert.rejects(api.send(new apisdk.GetApiCommand({ ApiId: 'nothing' })), apisdk.NotFoundException);
  },

  async 'sts and iam'() {
    const sts = new stssdk.STSClient(options);
    assert.equal((await sts.send(new stssdk.GetCallerIdentityCommand({}))).Account, '000000000000');
    const iam = new iamsdk.IAMClient(options);
    const { Role } = await iam.send(new iamsdk.CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }));
    assert.equal(Role.Arn, 'arn:aws:iam::000000000000:role/worker');
    await assert.rejects(iam.send(new iamsdk.GetRoleCommand({ RoleName: 'nothing' })), iamsdk.NoSuchEntityException);
  },
};

function* pieces(data, size) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

let passed = 0, failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    assert.equal((await request('POST', '/_lowcloud/reset')).status, 200);
    await test();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
