"""The `garbage` fault: answers no client should swallow."""

import gzip
import json
import uuid
import zlib
from typing import Any

import httpx
import pytest

from runai_registrar.simulator import Admin, Server
from simulator.calls import CLUSTERS, Api, exchange


def created(api: Api, admin: Admin, kind: str, **params: Any) -> httpx.Response:
    """Create a cluster whose answer is spoilt, and see that it was created all the same."""
    admin.fault("garbage", method="POST", kind=kind, **params)
    answer = api.create("gpu-east")
    assert len(admin.clusters(name="gpu-east")) == 1
    return answer


@pytest.mark.parametrize(
    ("kind", "body", "media_type"),
    [
        ("text", b"upstream connect error", "text/plain"),
        ("empty", b"", "application/json"),
        ("null", b"null", "application/json"),
    ],
)
def test_fixed_bodies(api: Api, admin: Admin, kind: str, body: bytes, media_type: str) -> None:
    """A 201 whose body is plain text, nothing, or null."""
    answer = created(api, admin, kind)

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (201, body, media_type)


def test_html(api: Api, admin: Admin) -> None:
    """A gateway's page, under any status."""
    answer = created(api, admin, "html", status=200)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_not_utf8(api: Api, admin: Admin) -> None:
    """A body that is not UTF-8."""
    with pytest.raises(UnicodeDecodeError):
        json.loads(created(api, admin, "notUtf8").content)


def test_wrong_type(api: Api, admin: Admin) -> None:
    """A list where an object belongs, and an object where a list belongs."""
    assert isinstance(created(api, admin, "wrongType").json(), list)
    admin.fault("garbage", method="GET", kind="wrongType")

    assert isinstance(api.get(CLUSTERS).json(), dict)


def test_missing_uuid(api: Api, admin: Admin) -> None:
    """A cluster without uuid, everything else in place."""
    answer = created(api, admin, "missingUuid").json()

    assert "uuid" not in answer
    assert answer["name"] == "gpu-east"


def test_bad_uuid(api: Api, admin: Admin) -> None:
    """A uuid that is none, and would climb in a path."""
    with pytest.raises(ValueError, match="badly formed"):
        uuid.UUID(created(api, admin, "badUuid").json()["uuid"])


def test_other_name_and_tenant(api: Api, admin: Admin) -> None:
    """A cluster of another name, or of another tenant."""
    assert created(api, admin, "otherName").json()["name"] != "gpu-east"
    admin.fault("garbage", method="GET", kind="otherTenant")

    assert [one["tenantId"] for one in api.get(CLUSTERS).json()] == [1002]


def test_nothing_is_carried_out_if_told_so(api: Api, admin: Admin) -> None:
    """With commit off the answer is garbage and nothing happened."""
    admin.fault("garbage", method="POST", kind="badUuid", commit=False, status=201)

    assert api.create("gpu-east").json()["uuid"] == "../../not-a-uuid"
    assert admin.clusters() == []


def test_nested(api: Api, admin: Admin) -> None:
    """A body of brackets, as deep as asked for."""
    assert created(api, admin, "nested", depth=50_000).content == b"[" * 50_000 + b"]" * 50_000


@pytest.mark.parametrize("chunked", [True, False])
def test_huge(api: Api, admin: Admin, chunked: bool) -> None:  # noqa: FBT001  # a parameter
    """A body of so many bytes before the true one, with its length said or not."""
    size = 3_000_001
    admin.fault("garbage", method="GET", kind="huge", size=size, chunked=chunked)
    answer = api.get(CLUSTERS)

    assert (len(answer.content), answer.json()) == (size + 2, [])
    assert answer.headers.get("Content-Length") == (None if chunked else str(size + 2))


def test_huge_body_that_nobody_wants(api: Api, admin: Admin) -> None:
    """A caller that leaves in the middle of a huge body harms nobody."""
    admin.fault("garbage", method="GET", kind="huge", size=2**34)
    with api.stream("GET", CLUSTERS) as answer:
        assert next(answer.iter_raw())

    assert api.get(CLUSTERS).status_code == 200


@pytest.mark.parametrize("size", [2, 1_000_000, 5 * 1_048_576 + 17])
def test_gzip_bomb(api: Api, admin: Admin, size: int) -> None:
    """A small body that unpacks to so many bytes of valid JSON, in one gzip member with a right checksum."""
    admin.fault("garbage", method="GET", kind="gzipBomb", size=size)
    with api.stream("GET", CLUSTERS) as answer:
        packed = b"".join(answer.iter_raw())
        encoding = answer.headers["Content-Encoding"]

    first_member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert encoding == "gzip"
    assert (len(first_member.decompress(packed)), first_member.unused_data) == (size, b"")
    assert json.loads(gzip.decompress(packed)) == []
    assert len(packed) < 10_000


def test_truncated(api: Api, server: Server, admin: Admin) -> None:
    """The body stops in the middle of what its length promised."""
    api.new("gpu-east")
    whole = exchange(server, api.headers["Authorization"])
    admin.fault("garbage", method="GET", kind="truncated", times=2)
    half = exchange(server, api.headers["Authorization"])

    assert len(whole) > len(half) > len(whole) // 3
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(CLUSTERS)


def test_spoiling_an_answer_without_body(api: Api, admin: Admin) -> None:
    """A 204 can be spoilt too, under another status."""
    uid = api.new("gpu-east")
    admin.fault("garbage", method="PUT", kind="missingUuid", status=200)
    spoilt: Any = api.rename(uid, "gpu-west").json()

    assert spoilt == {}
