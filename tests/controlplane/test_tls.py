"""TLS: verified before anything is sent, by the system's certificates and those of the CA bundle."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controlplane.certificates import Authority, authority
from controlplane.servers import CREATE, LIST, TOKEN_V2, Reply, client_of, control_plane, raw_server
from runai_registrar.controlplane.endpoint import Endpoint
from runai_registrar.controlplane.tls import verified_context
from runai_registrar.errors import NotSent, Stale


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA."""
    return authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another private CA."""
    return authority(tmp_path_factory.mktemp("tls") / "other")


def at_localhost(url: str) -> str:
    """Return the URL by host name instead of by address."""
    return url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("comment", ["", "# Añadido en enero\nsubject=CN=private CA\n"])
async def test_own_ca(ca: Authority, comment: str) -> None:
    """A certificate of a CA in the bundle is accepted, whatever stands around it in the bundle."""
    async with control_plane(ca.server("localhost")) as served:
        served.on(LIST, Reply(content=[]))
        bundle = f"{comment}{ca.pem}\n{comment}"
        async with client_of(Endpoint(at_localhost(served.url), ca_bundle=bundle)) as client:
            assert await client.list_clusters() == ()


async def test_system_store(ca: Authority, other_ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's certificates count, with and without a bundle of others."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.folder / "ca.pem"))
    async with control_plane(ca.server("localhost")) as served:
        served.on(LIST, Reply(content=[]))
        for bundle in (None, other_ca.pem):
            async with client_of(Endpoint(at_localhost(served.url), ca_bundle=bundle)) as client:
                assert await client.list_clusters() == ()


async def test_address(ca: Authority) -> None:
    """A certificate for an address is accepted at that address."""
    async with control_plane(ca.server("127.0.0.1")) as served:
        served.on(LIST, Reply(content=[]))
        async with client_of(Endpoint(served.url, ca_bundle=ca.pem)) as client:
            assert await client.list_clusters() == ()


@pytest.mark.case("R-41", injected="a certificate of an unknown CA", outcome="refused in words; nothing was sent")
async def test_unknown_ca(ca: Authority, other_ca: Authority) -> None:
    """A certificate of an unknown CA is refused, with and without a bundle, before any credential is sent."""
    async with control_plane(ca.server("localhost")) as served:
        for bundle in (None, other_ca.pem):
            async with client_of(Endpoint(at_localhost(served.url), ca_bundle=bundle)) as client:
                with pytest.raises(NotSent, match=r"certificate was not accepted \(.*\); a private CA goes into spec"):
                    await client.list_clusters()
        assert served.calls == []


@pytest.mark.case(
    "R-41",
    injected="a certificate for another host, or one that has expired",
    outcome="refused in words; nothing was sent",
)
@pytest.mark.parametrize(("name", "days", "flaw"), [("example.com", 1, "mismatch"), ("localhost", -1, "expired")])
async def test_wrong_certificate(ca: Authority, name: str, days: int, flaw: str) -> None:
    """A certificate for another host, or one that has expired, is refused before any credential is sent."""
    async with control_plane(ca.server(name, days=days)) as served:
        async with client_of(Endpoint(at_localhost(served.url), ca_bundle=ca.pem)) as client:
            with pytest.raises(NotSent, match=rf"certificate was not accepted \(.*{flaw}"):
                await client.list_clusters()
        assert served.calls == []


async def test_fresh_when_connected(ca: Authority) -> None:
    """Freshness is asked when the connection stands, handshake included: time lost in connecting counts."""
    tls, handshakes = ca.server("localhost"), []
    tls.sni_callback = lambda *_: handshakes.append(1)
    async with control_plane(tls) as served:
        served.on(TOKEN_V2, Reply(content={"access_token": "t"}, headers={"Connection": "close"}))
        async with client_of(Endpoint(at_localhost(served.url), ca_bundle=ca.pem)) as client:
            with pytest.raises(Stale):
                await client.create_cluster("gpu-east", None, None, still_fresh=lambda: len(handshakes) < 2)
        assert (len(handshakes), served.called(CREATE)) == (2, [])


async def test_plain_server() -> None:
    """Where TLS is expected and not spoken, nothing readable is sent."""
    received = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note what comes and answer in plain text."""
        received.extend(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(listen) as url, client_of(url.replace("http:", "https:")) as client:
        with pytest.raises(NotSent, match="TLS could not be agreed on"):
            await client.list_clusters()
    assert b"canary" not in received


def tunnel_to(url: str, heard: list[bytes]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return a proxy that answers CONNECT and passes bytes on."""
    port = int(url.rsplit(":", 1)[1])

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Pass on what comes, and note it."""
        while data := await source.read(65536):
            heard.append(data)
            sink.write(data)
        sink.close()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer CONNECT and pass on the rest."""
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        upstream, downstream = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, downstream), pump(upstream, writer))

    return converse


async def test_tunnel(ca: Authority) -> None:
    """Through a proxy TLS goes end to end: the proxy sees the host's name and nothing else."""
    heard: list[bytes] = []
    async with control_plane(ca.server("localhost")) as served:
        served.on(LIST, Reply(content=[]))
        async with raw_server(tunnel_to(served.url, heard)) as proxy:
            endpoint = Endpoint(at_localhost(served.url), ca_bundle=ca.pem, proxy_url=proxy)
            async with client_of(endpoint) as client:
                assert await client.list_clusters() == ()

    assert heard[0].startswith(b"CONNECT localhost:")
    assert not [data for data in heard if b"canary" in data or b"token-1" in data]


async def test_silent_tunnel() -> None:
    """A proxy that accepts a tunnel and says nothing: the request itself was not sent."""

    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        """Take what comes."""
        await reader.read()

    async with raw_server(say_nothing) as proxy:
        endpoint = Endpoint("https://app.run.ai", proxy_url=proxy)
        async with client_of(endpoint, request_timeout=0.2) as client:
            with pytest.raises(NotSent, match="could not be reached"):
                await client.list_clusters()


async def test_refusing_proxy() -> None:
    """A proxy that refuses the tunnel is named as the obstacle."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask for credentials."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(refuse) as proxy, client_of(Endpoint("https://app.run.ai", proxy_url=proxy)) as client:
        with pytest.raises(NotSent, match="the proxy did not let it through"):
            await client.list_clusters()


def test_no_key_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Session keys are not written where the environment says."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert verified_context(None).keylog_filename is None


def test_always_verified() -> None:
    """Chain and host name are verified, with TLS 1.2 at least."""
    context = verified_context(None)

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
