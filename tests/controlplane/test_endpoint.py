"""Which addresses a control plane may have."""

import pytest

from controlplane.servers import UUID
from runai_registrar.controlplane import requests
from runai_registrar.controlplane.endpoint import Endpoint
from runai_registrar.errors import InvalidEndpoint


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://app.run.ai", "https://app.run.ai"),
        ("https://app.run.ai/", "https://app.run.ai"),
        ("  HTTPS://App.Run.AI:443/ \n", "https://app.run.ai"),
        ("https://runai.example.com:8443/runai/v2/", "https://runai.example.com:8443/runai/v2"),
        ("https://10.1.2.3", "https://10.1.2.3"),
        ("https://[FD00:0:0::1]:8443", "https://[fd00::1]:8443"),
        ("http://localhost:8600", "http://localhost:8600"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8600", "http://[::1]:8600"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://runai-backend.runai", "https://runai-backend.runai"),
    ],
)
def test_accepted(written: str, kept: str) -> None:
    """An address is kept in one spelling, so that two spellings are one control plane."""
    assert Endpoint(written).url == kept
    assert Endpoint(written) == Endpoint(kept)


@pytest.mark.case(
    "S-02",
    injected="URLs with a user, an address in odd figures, a dot at the end, dots in the path, link-local addresses",
    outcome="refused; private addresses stay possible for administrators, as self-hosted control planes have them",
)
@pytest.mark.parametrize(
    ("written", "flaw"),
    [
        ("", "must start with https://"),
        ("app.run.ai", "must start with https://"),
        ("ftp://app.run.ai", "must start with https://"),
        ("//app.run.ai", "must start with https://"),
        ("https://user:canary@app.run.ai", "must not contain a user name"),
        ("https://good.example@evil.example", "must not contain a user name"),
        ("https://app.run.ai?canary=1", "query or a fragment"),
        ("https://app.run.ai/#canary", "query or a fragment"),
        ("https://", "must be https://host"),
        ("https://:443", "must be https://host"),
        ("https://app.run.ai:", "must be https://host"),
        ("https://app.run.ai:x", "must be https://host"),
        ("https://app run ai", "must be https://host"),
        ("https://app.run.ai\\canary", "must be https://host"),
        ("https://app.run.ai/a//b", "must be https://host"),
        ("https://app.run.ai/%2e%2e/b", "must be https://host"),
        ("https://bücher.example", "must be https://host"),
        ("https://app.run.ai\nHost: canary", "must be https://host"),
        ("https://" + "a." * 1500 + "example", "must be https://host"),
        ("https://" + "a." * 150 + "example", "not a DNS name"),
        ("https://app.run.ai.", "not a DNS name"),
        ("https://-app.run.ai", "not a DNS name"),
        ("https://app..run.ai", "not a DNS name"),
        ("https://" + "a" * 64 + ".example", "not a DNS name"),
        ("https://app.run.ai:0", "port"),
        ("https://app.run.ai:65536", "port"),
        ("https://app.run.ai/a/../b", "in its path"),
        ("https://app.run.ai/.", "in its path"),
        ("https://2130706433", "neither a DNS name nor an IP address"),
        ("https://0x7f000001", "neither a DNS name nor an IP address"),
        ("https://0x7f.1", "neither a DNS name nor an IP address"),
        ("https://127.1", "neither a DNS name nor an IP address"),
        ("https://127.0.0.01", "neither a DNS name nor an IP address"),
        ("https://[127.0.0.1]", "neither a DNS name nor an IP address"),
        ("https://[::1", "must be https://host"),
        ("https://[1:2]", "neither a DNS name nor an IP address"),
        ("https://169.254.169.254", "link-local"),
        ("https://[fe80::1]", "link-local"),
        ("https://[::ffff:169.254.169.254]", "link-local"),
        ("https://0.0.0.0", "link-local"),
        ("https://[::]", "link-local"),
        ("https://224.0.0.1", "link-local"),
        ("https://100.100.100.200", "metadata"),
        ("https://192.0.0.192", "metadata"),
        ("https://[fd00:ec2::254]", "metadata"),
        ("https://[fd00:0ec2:0:0:0:0:0:254]", "metadata"),
        ("https://[fd20:ce::254]", "metadata"),
        ("https://[64:ff9b::a9fe:a9fe]", "metadata"),
        ("https://[64:ff9b::169.254.169.254]", "metadata"),
        ("https://[64:ff9b:1::a9fe:a9fe]", "metadata"),
        ("https://[64:ff9b::6464:64c8]", "metadata"),
        ("https://[::ffff:100.100.100.200]", "metadata"),
        ("https://[::169.254.169.254]", "metadata"),
        ("https://[2002:a9fe:a9fe::1]", "metadata"),
        ("https://metadata.google.internal", "credentials of machines"),
        ("https://Metadata.Google.Internal", "credentials of machines"),
    ],
)
def test_refused(written: str, flaw: str) -> None:
    """An address that is odd, or that nobody can mean, is refused in words that do not quote it."""
    with pytest.raises(InvalidEndpoint, match=flaw) as caught:
        Endpoint(written, allow_insecure=True)
    assert "canary" not in str(caught.value)
    assert caught.value.reason == "InvalidSpec"


@pytest.mark.parametrize(
    "url",
    ["https://100.100.100.201", "https://[64:ff9b::a00:1]", "https://[fd00:ec2::25]", "https://metadata.example.com"],
)
def test_neighbours_of_refused_addresses(url: str) -> None:
    """What only looks like an address of metadata is an address like any other."""
    assert Endpoint(url).url == url


@pytest.mark.parametrize(
    "url", ["http://app.run.ai", "http://10.1.2.3", "http://localhost.example.com", "http://[fd00::1]"]
)
def test_insecure(url: str) -> None:
    """Plain http to another machine needs to be allowed."""
    with pytest.raises(InvalidEndpoint, match="allowInsecureTransport"):
        Endpoint(url)
    assert Endpoint(url, allow_insecure=True).url == url


@pytest.mark.parametrize(
    ("proxy", "flaw"),
    [
        ("http://user:canary@proxy:3128", "must not contain a user name"),
        ("http://proxy:3128/path", "must not have a path"),
        ("socks5://proxy", "must start with http:// or https://"),
        ("proxy:3128", "must start with http:// or https://"),
        ("http://proxy:port", "must be http://host:port"),
        ("http://169.254.169.254:3128", "link-local"),
    ],
)
def test_refused_proxy(proxy: str, flaw: str) -> None:
    """A proxy is a host and a port; its credentials do not belong into the spec."""
    with pytest.raises(InvalidEndpoint, match=rf"spec\.proxyUrl .*{flaw}") as caught:
        Endpoint("https://app.run.ai", proxy_url=proxy)
    assert "canary" not in str(caught.value)


def test_proxy() -> None:
    """A proxy is kept in one spelling too."""
    assert Endpoint("https://app.run.ai", proxy_url="http://Proxy:3128/").proxy_url == "http://proxy:3128"


@pytest.mark.parametrize(
    "bundle",
    ["", "not PEM", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----\n"],
)
def test_no_certificate(bundle: str) -> None:
    """A CA bundle without a certificate is refused, and not quoted."""
    with pytest.raises(InvalidEndpoint, match="holds no certificate") as caught:
        Endpoint("https://app.run.ai", ca_bundle=bundle)
    assert "canary" not in str(caught.value)


def test_broken_certificate() -> None:
    """A CA bundle with a broken certificate is refused."""
    broken = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----"

    with pytest.raises(InvalidEndpoint, match="cannot be read"):
        Endpoint("https://app.run.ai", ca_bundle=broken)


@pytest.mark.case(
    "S-02",
    injected="hostile names and uuids in a request",
    outcome="its URL begins with the endpoint, whatever is in it",
)
@pytest.mark.parametrize("prefix", ["", "/runai"])
def test_only_this_origin(prefix: str) -> None:
    """Whatever a user wrote, the URL of a request begins with the endpoint and cannot leave it."""
    endpoint = Endpoint(f"https://app.run.ai{prefix}")
    odd = "@evil.example/../?#%2f\\\r\nHost: evil"

    url = endpoint.url_of(requests.get_cluster_install_info_by_uuid(UUID, odd, odd))

    path, _, query = url.partition("?")
    assert path == f"https://app.run.ai{prefix}/api/v1/clusters/{UUID}/cluster-install-info"
    assert not set(query) & set("@/#\\\r\n ")
