"""One server for the whole run, with the real clock; every test begins with a reset. `cloud` is the server, `client("sqs")` makes boto3 clients."""
import os
import sys

import boto3
import botocore
import pytest
from botocore.config import Config

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import harness  # noqa: E402
from packages import zipped  # noqa: E402

ROLE = "arn:aws:iam::000000000000:role/worker"


def pytest_report_header():
    return f"boto3 {boto3.__version__}, botocore {botocore.__version__}"


@pytest.fixture(scope="session")
def server():
    with harness.Server(seed=1) as started:
        yield started


@pytest.fixture
def cloud(server):
    server.reset()
    yield server
    assert server.is_alive(), server.log()


@pytest.fixture
def client(cloud):
    """client("s3"), client("sqs", account="111111111111", region="eu-west-1")"""

    def make(service, account="test", region="us-east-1", **config):
        options = dict(retries={"max_attempts": 0}, read_timeout=60 * harness.PATIENCE, connect_timeout=5)
        if service == "s3":
            options["s3"] = {"addressing_style": "path"}
        options.update(config)
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(**options),
        )

    return make


@pytest.fixture
def make_function(client):
    """make_function("name", code, runtime=..., handler=...) -> ARN, once it is active."""
    lambda_ = client("lambda")

    def make(name, code, runtime="python3.12", handler="index.handler", **more):
        if isinstance(code, str):
            code = zipped(**{"index_js" if runtime.startswith("node") else "index_py": code})
        arn = lambda_.create_function(
            FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": code}, **more
        )["FunctionArn"]
        lambda_.get_waiter("function_active_v2" if "function_active_v2" in lambda_.waiter_names else "function_active").wait(FunctionName=name)
        return arn

    return make
