"""STS, IAM and CloudWatch Logs as far as tools and SDKs need them."""
import json

import boto3
import pytest

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
PERMISSIONS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def test_who_am_i(client):
    assert client("sts").get_caller_identity()["Account"] == "000000000000"
    assert client("sts", "123456789012").get_caller_identity()["Account"] == "123456789012"


def test_an_assumed_role_is_its_account(cloud, client):
    answer = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/worker", RoleSessionName="me")
    keys = answer["Credentials"]
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/worker/me"
    sts = boto3.client(
        "sts", endpoint_url=cloud.endpoint, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )
    identity = sts.get_caller_identity()
    assert identity["Account"] == "123456789012" and identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/worker/me"
    assert client("sts").get_session_token()["Credentials"]["SessionToken"]


def test_roles_and_policies(client):
    iam = client("iam")
    role = iam.create_role(RoleName="worker", Path="/app/", AssumeRolePolicyDocument=json.dumps(DOCUMENT))["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/app/worker" and role["AssumeRolePolicyDocument"] == DOCUMENT
    assert iam.get_role(RoleName="worker")["Role"]["RoleId"] == role["RoleId"]
    assert [item["RoleName"] for item in iam.list_roles()["Roles"]] == ["worker"]
    policy = iam.create_policy(PolicyName="reader", PolicyDocument=json.dumps(PERMISSIONS))["Policy"]
    iam.attach_role_policy(RoleName="worker", PolicyArn=policy["Arn"])
    assert [item["PolicyName"] for item in iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]] == ["reader"]
    iam.put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=json.dumps(PERMISSIONS))
    assert iam.get_role_policy(RoleName="worker", PolicyName="inline")["PolicyDocument"] == PERMISSIONS
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName="worker")
    iam.delete_role_policy(RoleName="worker", PolicyName="inline")
    iam.detach_role_policy(RoleName="worker", PolicyArn=policy["Arn"])
    iam.delete_role(RoleName="worker")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="worker")


def test_the_log_of_a_function(cloud, client, make_function):
    make_function("say", "def handler(event, context):\n    print('said', event['n'])\n    return context.log_stream_name\n")
    streams = {json.loads(client("lambda").invoke(FunctionName="say", Payload=json.dumps({"n": n}).encode())["Payload"].read()) for n in range(3)}
    cloud.idle()
    logs = client("logs")
    assert [group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]] == ["/aws/lambda/say"]
    assert {item["logStreamName"] for item in logs.describe_log_streams(logGroupName="/aws/lambda/say")["logStreams"]} == streams
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/say", PaginationConfig={"PageSize": 3})
    events = [event for page in pages for event in page["events"]]
    assert [event["message"].strip() for event in events if event["message"].startswith("said")] == ["said 0", "said 1", "said 2"]
    assert len({event["eventId"] for event in events}) == len(events)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="/nothing")
