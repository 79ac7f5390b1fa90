"""S3 through boto3 as it ships: the new generation sends CRC32 checksums by itself, the old one Content-MD5 or nothing."""
import hashlib
import io
import os
import socket
import urllib.request

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

GENERATION = os.environ.get("LOWCLOUD_TEST_GENERATION", "old")


@pytest.fixture
def s3(client):
    made = client("s3")
    made.create_bucket(Bucket="box")
    return made


def some_bytes(size, seed=1):
    block = hashlib.sha256(str(seed).encode()).digest() * 4096
    return (block * (size // len(block) + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 65536, 5 * 1024 * 1024])
def test_put_and_get(s3, size):
    data = some_bytes(size)
    put = s3.put_object(Bucket="box", Key="k", Body=data, ContentType="text/plain", Metadata={"Colour": "blue"})
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    got = s3.get_object(Bucket="box", Key="k")
    assert got["Body"].read() == data
    assert got["ContentLength"] == size and got["ContentType"] == "text/plain" and got["Metadata"] == {"colour": "blue"}
    head = s3.head_object(Bucket="box", Key="k")
    assert head["ETag"] == put["ETag"] and head["AcceptRanges"] == "bytes"


def test_a_stream_of_unknown_length(s3):
    class Stream(io.RawIOBase):
        """Can be read once, has no length."""

        def __init__(self, data):
            self.inner = io.BytesIO(data)

        def readable(self):
            return True

        def readinto(self, buffer):
            return self.inner.readinto(buffer)

    data = some_bytes(3 * 1024 * 1024)
    s3.upload_fileobj(io.BufferedReader(Stream(data)), "box", "stream")
    assert s3.get_object(Bucket="box", Key="stream")["Body"].read() == data


def test_twenty_megabytes_in_parts(s3, tmp_path):
    data = some_bytes(20 * 1024 * 1024, seed=2)
    (tmp_path / "in").write_bytes(data)
    config = TransferConfig(multipart_threshold=8 * 1024 * 1024, multipart_chunksize=8 * 1024 * 1024, max_concurrency=4)
    s3.upload_file(str(tmp_path / "in"), "box", "big", Config=config)
    parts = [data[at : at + 8 * 1024 * 1024] for at in range(0, len(data), 8 * 1024 * 1024)]
    etag = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert s3.head_object(Bucket="box", Key="big")["ETag"] == f'"{etag}-3"'
    s3.download_file("box", "big", str(tmp_path / "out"), Config=config)
    assert (tmp_path / "out").read_bytes() == data
    got = s3.get_object(Bucket="box", Key="big", Range="bytes=8388600-8388615")
    assert got["Body"].read() == data[8388600:8388616] and got["ContentRange"] == "bytes 8388600-8388615/20971520"
    s3.copy({"Bucket": "box", "Key": "big"}, "box", "copy", Config=config)
    assert s3.get_object(Bucket="box", Key="copy")["Body"].read() == data


def test_checksums_of_the_client(s3):
    if GENERATION == "new":  # the old one sends none by default
        put = s3.put_object(Bucket="box", Key="k", Body=b"hello world")
        assert put["ChecksumCRC32"] == "DUoRhQ=="
        got = s3.get_object(Bucket="box", Key="k")
        assert got["ChecksumCRC32"] == "DUoRhQ==" and got["Body"].read() == b"hello world"
    for algorithm, value in (("SHA256", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="), ("SHA1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0=")):
        assert s3.put_object(Bucket="box", Key="k", Body=b"hello world", ChecksumAlgorithm=algorithm)["Checksum" + algorithm] == value


def test_listing(s3):
    keys = ["a", "b/1", "b/2", "b/c/3", "sp ace", "pl+us", "ü/😀", "z=&?"]
    for key in keys:
        s3.put_object(Bucket="box", Key=key, Body=b"x")
    for operation in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(operation).paginate(Bucket="box", PaginationConfig={"PageSize": 3})
        assert [item["Key"] for page in pages for item in page["Contents"]] == sorted(keys, key=lambda key: key.encode())
        pages = list(s3.get_paginator(operation).paginate(Bucket="box", Delimiter="/", PaginationConfig={"PageSize": 2}))
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["b/", "ü/"]
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a", "pl+us", "sp ace", "z=&?"]
    assert s3.list_objects_v2(Bucket="box", Prefix="b/", Delimiter="/")["KeyCount"] == 3
    assert s3.list_objects_v2(Bucket="box", Prefix="nothing")["KeyCount"] == 0
    for key in keys:
        assert s3.get_object(Bucket="box", Key=key)["Body"].read() == b"x"


def test_deleting_many(s3):
    for n in range(25):
        s3.put_object(Bucket="box", Key=f"k{n}", Body=b"")
    answer = s3.delete_objects(Bucket="box", Delete={"Objects": [{"Key": f"k{n}"} for n in range(20)] + [{"Key": "never"}]})
    assert len(answer["Deleted"]) == 21 and "Errors" not in answer
    assert s3.list_objects_v2(Bucket="box")["KeyCount"] == 5
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.delete_bucket(Bucket="box")
    assert caught.value.response["Error"]["Code"] == "BucketNotEmpty"
    answer = s3.delete_objects(Bucket="box", Delete={"Quiet": True, "Objects": [{"Key": f"k{n}"} for n in range(20, 25)]})
    assert "Deleted" not in answer
    s3.delete_bucket(Bucket="box")


def test_errors(s3):
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="box", Key="nothing")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nothing")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.head_object(Bucket="box", Key="nothing")
    assert caught.value.response["Error"]["Code"] == "404"
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.head_bucket(Bucket="nothing")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.upload_part(Bucket="box", Key="k", UploadId="fake", PartNumber=1, Body=b"x")


def test_copy(s3):
    s3.put_object(Bucket="box", Key="a b/ü", Body=b"hello", Metadata={"m": "1"}, ContentType="text/plain")
    s3.copy_object(Bucket="box", Key="c", CopySource={"Bucket": "box", "Key": "a b/ü"})
    got = s3.get_object(Bucket="box", Key="c")
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"m": "1"} and got["ContentType"] == "text/plain"
    s3.copy_object(Bucket="box", Key="c", CopySource="box/c", MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert s3.head_object(Bucket="box", Key="c")["Metadata"] == {"n": "2"}


def test_conditions(s3):
    etag = s3.put_object(Bucket="box", Key="k", Body=b"hello")["ETag"]
    assert s3.get_object(Bucket="box", Key="k", IfMatch=etag)["Body"].read() == b"hello"
    for condition, code in (({"IfMatch": '"x"'}, 412), ({"IfNoneMatch": etag}, 304)):
        with pytest.raises(s3.exceptions.ClientError) as caught:
            s3.get_object(Bucket="box", Key="k", **condition)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == code


def test_multipart_by_hand(s3):
    upload = s3.create_multipart_upload(Bucket="box", Key="k")["UploadId"]
    first = s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=1, Body=b"a" * 5242880)
    last = s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=3, Body=b"tail")
    assert [part["PartNumber"] for part in s3.list_parts(Bucket="box", Key="k", UploadId=upload)["Parts"]] == [1, 3]
    assert [item["Key"] for item in s3.list_multipart_uploads(Bucket="box")["Uploads"]] == ["k"]
    parts = []
    for number, answer in ((1, first), (3, last)):
        part = {"PartNumber": number, "ETag": answer["ETag"]}
        if "ChecksumCRC32" in answer:
            part["ChecksumCRC32"] = answer["ChecksumCRC32"]
        parts.append(part)
    done = s3.complete_multipart_upload(Bucket="box", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"] == '"30dcfd3901d1c613b7fb532281748544-2"'
    assert s3.head_object(Bucket="box", Key="k")["ContentLength"] == 5242884
    other = s3.create_multipart_upload(Bucket="box", Key="gone")["UploadId"]
    s3.abort_multipart_upload(Bucket="box", Key="gone", UploadId=other)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="box")


def test_virtual_host_addressing(cloud, monkeypatch):
    # botocore puts the bucket before the endpoint's host. Not every machine resolves names under localhost: here they do.
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **more))
    made = boto3.client(
        "s3", endpoint_url=f"http://localhost:{cloud.port}", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 0}),
    )
    hosts = []
    made.meta.events.register("before-send.s3", lambda request, **_: hosts.append(request.url.split("/")[2]))
    made.create_bucket(Bucket="virtual")
    made.put_object(Bucket="virtual", Key="a/b", Body=b"hello")
    assert made.get_object(Bucket="virtual", Key="a/b")["Body"].read() == b"hello"
    assert f"virtual.localhost:{cloud.port}" in hosts


def test_presigned_urls(s3):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "box", "Key": "k"}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(url, data=b"hello", method="PUT")) as answer:
        assert answer.status == 200
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "box", "Key": "k"}, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"


def test_buckets(client, s3):
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [item["Name"] for item in s3.list_buckets()["Buckets"]] == ["box", "far-away"]
    assert s3.get_bucket_location(Bucket="box")["LocationConstraint"] is None
    assert s3.get_bucket_location(Bucket="far-away")["LocationConstraint"] == "eu-west-1"
    s3.head_bucket(Bucket="box")
    other = client("s3", "111111111111")
    assert other.list_buckets()["Buckets"] == []
    with pytest.raises(s3.exceptions.BucketAlreadyExists):
        other.create_bucket(Bucket="box")
