"""SQS through boto3. The old generation speaks Query, the new one JSON; both must see the same service."""
import hashlib
import threading
import time

import harness
import pytest


@pytest.fixture
def sqs(client):
    return client("sqs")


def test_round_trip(sqs):
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "10"}, tags={"team": "a"})["QueueUrl"]
    assert sqs.get_queue_url(QueueName="q")["QueueUrl"] == url
    assert sqs.list_queues()["QueueUrls"] == [url]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "city": {"DataType": "String", "StringValue": "Bern"},
            "count": {"DataType": "Number.int", "StringValue": "42"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
        },
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5(b"hello").hexdigest()
    # By AWS's description of the digest: see tests/protocol/21-sqs-messages.md.
    assert sent["MD5OfMessageAttributes"] == "3a7560a305332ba126bb55565386c76a"
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"]
    assert message["MessageId"] == sent["MessageId"] and message["Body"] == "hello"
    assert message["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\x01\xff"
    assert message["MD5OfMessageAttributes"] == "3a7560a305332ba126bb55565386c76a"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_queue(QueueUrl=url)
    assert "QueueUrls" not in sqs.list_queues()


def test_a_missing_queue_has_its_class_and_both_codes(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.get_queue_url(QueueName="nothing")
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["Error"]["Message"].startswith("The specified queue does not exist")


def test_other_errors(sqs):
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for code, call in (
        ("QueueAlreadyExists", lambda: sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "5"})),
        ("InvalidAttributeName", lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Foobar": "1"})),
        ("ReceiptHandleIsInvalid", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="x")),
        ("InvalidParameterValue", lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11)),
        ("AWS.SimpleQueueService.EmptyBatchRequest", lambda: sqs.send_message_batch(QueueUrl=url, Entries=[])),
    ):
        with pytest.raises(sqs.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code


def test_batches(sqs):
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"body {n}"} for n in range(10)])
    assert {entry["Id"] for entry in answer["Successful"]} == {str(n) for n in range(10)} and "Failed" not in answer
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in got) == sorted(f"body {n}" for n in range(10))
    answer = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(got)]
    )
    assert len(answer["Successful"]) == 10


def test_unicode_and_odd_characters(sqs):
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for body in ("ümlaut ✓ 😀", 'a\r\n"b" <c> & d', "x" * 1048576, "\t \n", "]]>"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == body
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_long_poll_is_woken(cloud, client, sqs):
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    cloud.freeze()
    waiting = client("sqs")
    got = []
    thread = threading.Thread(target=lambda: got.append(waiting.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    thread.start()
    sqs.send_message(QueueUrl=url, MessageBody="wake up")
    thread.join(30)
    assert got and got[0]["Messages"][0]["Body"] == "wake up"


def test_time_is_the_emulated_clock(cloud, sqs):
    cloud.freeze()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    cloud.advance("15m")
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    cloud.advance("30s")
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_three_receives_then_the_dead_letter_queue(cloud, sqs):
    cloud.freeze()
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = sqs.create_queue(
        QueueName="q", Attributes={"RedrivePolicy": f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"3"}}'}
    )["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    start = time.monotonic()
    for _ in range(3):
        assert sqs.receive_message(QueueUrl=url)["Messages"]
        cloud.advance("30s")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "poison"
    assert time.monotonic() - start < harness.PATIENCE, "three receives to the dead-letter queue take no second of real time"


def test_accounts_and_regions_do_not_meet(client):
    one, other, region = client("sqs", "111111111111"), client("sqs", "222222222222"), client("sqs", "111111111111", "eu-west-1")
    for who in (one, other, region):
        url = who.create_queue(QueueName="same")["QueueUrl"]
        assert len(who.list_queues()["QueueUrls"]) == 1
        arn = who.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        assert arn.endswith(":same")
    url = one.get_queue_url(QueueName="same")["QueueUrl"]
    one.send_message(QueueUrl=url, MessageBody="x")
    assert "Messages" not in other.receive_message(QueueUrl=other.get_queue_url(QueueName="same")["QueueUrl"])


def test_pages(sqs):
    for n in range(5):
        sqs.create_queue(QueueName=f"q{n}")
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 2})
    assert [url.rsplit("/", 1)[1] for page in pages for url in page.get("QueueUrls", [])] == [f"q{n}" for n in range(5)]


def test_many_clients_at_once(client):
    """Eight that send and eight that wait: each message comes to exactly one of them."""
    url = client("sqs").create_queue(QueueName="q", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
    bodies = [f"{sender}-{n}" for sender in range(8) for n in range(25)]
    got, problems, lock = [], [], threading.Lock()

    def send(sender, sqs):
        for n in range(0, 25, 5):
            sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": f"{sender}-{n + i}"} for i in range(5)])

    def take(_, sqs):
        while len(got) < len(bodies):
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=7, WaitTimeSeconds=1).get("Messages", [])
            with lock:
                got.extend(message["Body"] for message in messages)
            if messages:
                sqs.delete_message_batch(
                    QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(messages)]
                )

    def guarded(work, number, sqs):
        try:
            work(number, sqs)
        except Exception as problem:  # a thread's failure is the test's
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(work, n, client("sqs")), daemon=True) for n in range(8) for work in (take, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * harness.PATIENCE)
    assert not problems and sorted(got) == sorted(bodies)
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
