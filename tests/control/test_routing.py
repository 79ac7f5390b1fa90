"""Which service answers, and as whom: every form of address that existing tools use (facts/services.md 0.1, 1.3, 2.1), with and without port and signature;
and what is not there says so in its service's own format."""
import json
import re
import xml.etree.ElementTree as tree

from cloud import Case, Cloud, scope

BASES = ("localhost", "localhost.localstack.cloud")
LIST_QUEUES = "Action=ListQueues&Version=2012-11-05"
FORM = "application/x-www-form-urlencoded"


class Routing(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.one, cls.cloud = case.frozen()
        cls.addClassCleanup(case.doCleanups)
        cls.cloud.request("PUT", "/photos")
        cls.cloud.request("PUT", "/my.dotted.bucket")
        for bucket in ("photos", "my.dotted.bucket"):
            cls.cloud.request("PUT", f"/{bucket}/a+b%20c/k", b"content")
        cls.cloud.queue("q")
        cls.cloud.json("POST", "/v2/apis", {"name": "a", "protocolType": "HTTP", "tags": {"_custom_id_": "myapi"}})

    def runTest(self):
        """For setUpClass()."""

    def forms(self, service, labels, bases=BASES):
        """(host header, headers) of every combination."""
        for base in bases:
            host = f"{labels}.{base}" if labels else base
            for port in ("", f":{self.one.port}", ":4566"):
                for signed in (False, True):
                    headers = {"Host": host + port}
                    if signed:
                        headers["Authorization"] = scope(service)
                    yield headers

    def ask(self, method, path, body=b"", **headers):
        headers.pop("service", None)
        return self.one.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def test_sqs_hosts(self):
        for labels in ("", "sqs", "sqs.us-east-1", "us-east-1.queue", "SQS.US-EAST-1"):
            for headers in self.forms("sqs", labels):
                with self.subTest(**headers):
                    status, _, body = self.ask("POST", "/", LIST_QUEUES, Content_Type=FORM, **headers)
                    self.assertEqual(status, 200, body)
                    self.assertIn(f"<QueueUrl>http://{headers['Host']}/000000000000/q</QueueUrl>".encode(), body)
                    status, _, body = self.ask("POST", "/", b"{}", Content_Type="application/x-amz-json-1.0", X_Amz_Target="AmazonSQS.ListQueues", **headers)
                    self.assertEqual(json.loads(body)["QueueUrls"], [f"http://{headers['Host']}/000000000000/q"])

    def test_queue_urls(self):
        for path in ("/000000000000/q", "/queue/us-east-1/000000000000/q"):
            for labels in ("", "sqs.us-east-1", "us-east-1.queue"):
                for headers in self.forms("sqs", labels):
                    with self.subTest(path=path, **headers):
                        status, _, body = self.ask("POST", path, "Action=GetQueueAttributes&AttributeName.1=QueueArn&Version=2012-11-05", Content_Type=FORM, **headers)
                        self.assertEqual(status, 200, body)
                        self.assertIn(b"arn:aws:sqs:us-east-1:000000000000:q", body)
                        status, _, body = self.ask("GET", path + "?Action=GetQueueAttributes&AttributeName.1=QueueArn", **headers)
                        self.assertEqual(status, 200, body)

    def test_s3_path_style(self):
        for labels in ("", "s3", "s3.us-east-1", "s3.eu-west-1", "s3-us-west-2"):
            for headers in self.forms("s3", labels):
                with self.subTest(**headers):
                    self.assertEqual(self.ask("GET", "/photos/a+b%20c/k", **headers)[2], b"content")
        for host in ("127.0.0.1", "[::1]"):
            self.assertEqual(self.ask("GET", "/photos/a+b%20c/k", Host=f"{host}:{self.one.port}")[2], b"content")

    def test_s3_virtual_hosts(self):
        for bucket in ("photos", "my.dotted.bucket"):
            for marker in ("s3", "s3.us-east-1", "s3-us-west-2", "s3-accelerate"):
                for headers in self.forms("s3", f"{bucket}.{marker}"):
                    with self.subTest(**headers):
                        self.assertEqual(self.ask("GET", "/a+b%20c/k", **headers)[2], b"content")
                        self.assertIn(b"<Key>a+b c/k</Key>", self.ask("GET", "/?list-type=2", **headers)[2])
            self.assertEqual(self.ask("GET", "/a+b%20c/k", Host=f"{bucket}.s3.amazonaws.com")[2], b"content")
            self.assertEqual(self.ask("GET", "/a+b%20c/k", Host=f"{bucket}.s3.us-west-2.amazonaws.com")[2], b"content")
        for headers in self.forms("s3", "photos"):
            with self.subTest(**headers):
                self.assertEqual(self.ask("GET", "/a+b%20c/k", **headers)[2], b"content")

    def test_other_services(self):
        cases = (("lambda", "GET", "/2015-03-31/functions/", b"", {}, b"Functions"), ("apigateway", "GET", "/v2/apis", b"", {}, b"myapi"),
                 ("sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", {"Content-Type": FORM}, b"GetCallerIdentityResult"),
                 ("iam", "POST", "/", b"Action=ListRoles&Version=2010-05-08", {"Content-Type": FORM}, b"ListRolesResult"),
                 ("logs", "POST", "/", b"{}", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}, b"logGroups"))
        for service, method, path, body, more, wanted in cases:
            for labels in ("", service, service + ".us-east-1"):
                for headers in self.forms(service, labels):
                    with self.subTest(service=service, **headers):
                        status, _, answer = self.ask(method, path, body, **{k.replace("-", "_"): v for k, v in more.items()}, **headers)
                        self.assertEqual(status, 200, answer)
                        self.assertIn(wanted, answer)

    def test_execute_api_wins_over_the_scope(self):
        for labels in ("myapi.execute-api", "myapi.execute-api.us-east-1"):
            for headers in self.forms("execute-api", labels):
                with self.subTest(**headers):
                    status, _, body = self.ask("GET", "/nothing", **headers)
                    self.assertEqual((status, json.loads(body)), (404, {"message": "Not Found"}))
        self.assertEqual(self.ask("GET", "/_aws/execute-api/myapi/$default/nothing")[0], 404)

    def test_control_on_any_host_and_never_a_bucket(self):
        for host in ("localhost", "x.y.z", "127.0.0.1:4566", "s3.localhost.localstack.cloud", "sqs.us-east-1.localhost"):
            self.assertEqual(self.ask("GET", "/_lowcloud/health", Host=host, Authorization=scope("s3"))[0], 200, host)
        for path in ("/_lowcloudy/x", "/_localstackish", "/_awsome"):
            self.assertEqual(self.ask("GET", path)[0] // 100, 4)

    def test_an_unknown_service_says_so(self):
        cases = ({"Authorization": scope("dynamodb")}, {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, {"Host": "dynamodb.us-east-1.localhost:4566"},
                 {"Host": "dynamodb.localhost"}, {"Host": "sns.us-east-1.localhost.localstack.cloud:4566"})
        for headers in cases:
            with self.subTest(**headers):
                status, _, body = self.ask("POST", "/", b"{}", Content_Type="application/x-amz-json-1.0", **{k.replace("-", "_"): v for k, v in headers.items()})
                self.assertEqual(status, 501, body)
                self.assertRegex(json.loads(body)["message"], r"(?i)dynamodb|sns")
        for body, path in ((b"Action=Publish&Version=2010-03-31", "/"), (b"", "/?Action=Publish&Version=2010-03-31")):
            status, _, answer = self.ask("POST", path, body, Content_Type=FORM)
            self.assertEqual(status, 501, answer)
        status, _, answer = self.ask("GET", "/?Action=Publish&Version=2010-03-31")
        self.assertEqual(status, 501, answer)

    def test_unknown_and_refused_operations_in_each_format(self):
        def jsonic(service, target, version="1.0"):
            return self.ask("POST", "/", b"{}", Content_Type="application/x-amz-json-" + version, X_Amz_Target=target, Authorization=scope(service))

        def query(service, action, version):
            return self.ask("POST", "/", f"Action={action}&Version={version}", Content_Type=FORM, Authorization=scope(service))

        for service, target, version in (("logs", "Logs_20140328.CreateDelivery", "1.1"),):
            status, _, body = jsonic(service, target, version)
            self.assertEqual(status, 501, body)
            self.assertTrue(json.loads(body)["__type"].endswith("NotImplementedException"))
            self.assertIn(target.split(".")[1], json.loads(body)["message"])
            status, _, body = jsonic(service, target.split(".")[0] + ".FlyToTheMoon", version)
            self.assertEqual(status, 400, body)
            self.assertTrue(json.loads(body)["__type"].endswith("UnknownOperationException"), body)
        for service, action, version in (("sts", "AssumeRoleWithSAML", "2011-06-15"), ("iam", "CreateUser", "2010-05-08")):
            status, _, body = query(service, action, version)
            self.assertEqual(status, 501, body)
            text = re.sub(rb' xmlns="[^"]*"', b"", body)
            self.assertEqual(tree.fromstring(text).findtext("Error/Code"), "NotImplementedException")
            self.assertIn(action, tree.fromstring(text).findtext("Error/Message"))
            status, _, body = query(service, "FlyToTheMoon", version)
            self.assertEqual(status, 400, body)
            self.assertIn(b"<Code>InvalidAction</Code>", body)
        status, headers, body = self.ask("GET", "/2018-10-31/layers", Authorization=scope("lambda"))
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (501, "NotImplementedException"))
        self.assertIn(b"ListLayers", body)
        status, headers, _ = self.ask("GET", "/2015-03-31/nonsense", Authorization=scope("lambda"))
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (404, "UnknownOperationException"))
        status, headers, body = self.ask("GET", "/v2/vpclinks", Authorization=scope("apigateway"))
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (501, "NotImplementedException"))
        self.assertIn(b"GetVpcLinks", body)
        self.assertEqual(self.ask("GET", "/v2/nonsense", Authorization=scope("apigateway"))[0], 404)
        self.assertEqual(self.ask("GET", "/restapis", Authorization=scope("apigateway"))[0], 501)
        status, _, body = self.ask("GET", "/photos?metadataTable", Authorization=scope("s3"))
        self.assertEqual(status, 501, body)
        self.assertIn(b"<Code>NotImplemented</Code>", body)
        self.assertIn(b"GetBucketMetadataTable", body)

    def test_objects_are_not_hijacked(self):
        for key in ("_lowcloud/health", "2015-03-31/functions/", "v2/apis", "000000000000/q", "_aws/execute-api/x", "queue/a"):
            with self.subTest(key=key):
                self.assertEqual(self.ask("PUT", "/photos/" + key, b"mine")[0], 200)
                self.assertEqual(self.ask("GET", "/photos/" + key)[2], b"mine")
        for host in ("photos.localhost", "photos.s3.localhost"):
            self.assertEqual(self.ask("GET", "/v2/apis", Host=host)[2], b"mine")
            self.assertEqual(self.ask("GET", "/000000000000/q", Host=host)[2], b"mine")


class Identity(Case):
    def test_keys_and_regions(self):
        server, cloud = self.frozen()
        cloud.queue("q")

        def whoami(**headers):
            status, _, body = server.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15",
                                             {"Content-Type": FORM, **{k.replace("_", "-"): v for k, v in headers.items()}})
            return status, re.findall(rb"<(Arn|Account)>([^<]*)", body)

        self.assertIn((b"Account", b"000000000000"), whoami()[1])
        self.assertIn((b"Account", b"123456789012"), whoami(Authorization=scope("sts", "123456789012"))[1])
        for key in ("test", "AKIAIOSFODNN7EXAMPLE", "12345678901", "1234567890123"):
            self.assertIn((b"Account", b"000000000000"), whoami(Authorization=scope("sts", key))[1], key)
        status, _, body = server.request("POST", "/", "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn:aws:iam::222222222222:role/worker&DurationSeconds=900",
                                         {"Content-Type": FORM, "Authorization": scope("sts", "111111111111")})
        self.assertEqual(status, 200, body)
        key = re.search(rb"<AccessKeyId>([^<]*)", body)[1].decode()
        self.assertIn((b"Arn", b"arn:aws:sts::222222222222:assumed-role/worker/me"), whoami(Authorization=scope("sts", key))[1])
        there = Cloud(server, "222222222222")
        there.queue("theirs")
        as_role = Cloud(server, key)
        self.assertEqual([url.rsplit("/", 2)[1:] for url in as_role.sqs("ListQueues")["QueueUrls"]], [["222222222222", "theirs"]])
        self.assertEqual(Cloud(server, None, "eu-west-1").sqs("ListQueues"), {})
        record = [r for r in server.journal() if r.get("operation") == "ListQueues"][0]
        self.assertEqual((record["account"], record["region"]), ("222222222222", "us-east-1"))
        server.advance("1h")
        self.assertNotEqual(whoami(Authorization=scope("sts", key)), (200, [(b"Arn", b"arn:aws:sts::222222222222:assumed-role/worker/me")]))

    def test_recorded_is_told_once_and_refused_with_strict(self):
        server, cloud = self.frozen()
        for name in ("a", "b"):
            cloud.queue(name, KmsMasterKeyId="alias/x")
        self.assertEqual(server.log().count("KmsMasterKeyId"), 1, server.log())
        strict, cloud = self.frozen("--strict")
        cloud.queue("plain")
        self.assertEqual(cloud.sqs("CreateQueue", 501, QueueName="a", Attributes={"KmsMasterKeyId": "alias/x"})["__type"].split("#")[1], "NotImplementedException")


class Isolation(Case):
    def test_two_accounts_and_two_regions_never_meet(self):
        server, _ = self.frozen()
        places = [Cloud(server, account, region) for account in ("111111111111", "222222222222") for region in ("us-east-1", "eu-west-1")]
        text = ("import os\ndef handler(event, context):\n    import json, urllib.request\n    place = os.environ['PLACE']\n"
                "    bodies = [record['body'] for record in event['Records']]\n    assert all(place in body for body in bodies), bodies\n"
                "    if any('fail' in body for body in bodies):\n        raise ValueError(place)\n"
                "    assert os.environ['AWS_REGION'] in context.invoked_function_arn and place.split('/')[0] in context.invoked_function_arn\n")
        for cloud in places:
            place = f"{cloud.account}/{cloud.region}"
            cloud.queue("dead")
            cloud.queue("same", RedrivePolicy={"deadLetterTargetArn": cloud.arn("dead"), "maxReceiveCount": 2})
            cloud.create("same", {"app.py": text}, Environment={"Variables": {"PLACE": place}})
            cloud.map("same", "same")
        for cloud in places:
            place = f"{cloud.account}/{cloud.region}"
            cloud.send("same", place + " good")
            cloud.send("same", place + " fail")
        while server.clock()["next_due"]:
            server.next()
        for cloud in places:
            place = f"{cloud.account}/{cloud.region}"
            self.assertEqual([m["body"] for m in cloud.peek("dead")["messages"]], [place + " fail"])
            self.assertEqual(cloud.peek("same")["messages"], [])
            for record in server.journal():
                if record.get("account") == cloud.account and record.get("region") == cloud.region and "arn" in record:
                    self.assertIn(cloud.region, record["arn"])
                    self.assertIn(cloud.account, record["arn"])
            self.assertEqual(len([r for r in server.journal() if r["kind"] == "invocation" and r["account"] == cloud.account and r["region"] == cloud.region]), 3)
