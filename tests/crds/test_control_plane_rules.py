"""The API server itself refuses wrong control planes, in plain sentences."""

from typing import Any

import pytest

from crds.objects import CONTROL_PLANES_PATH, control_plane
from kube import Kube, KubeError

FORM = "url must be an address such as https://app.run.ai, with a host and perhaps a port and a path,"
HTTP = "url must begin with https, because credentials are sent to it. Set allowInsecureTransport to true"
LINK_LOCAL = "url must not be a link-local or metadata address, because cloud providers serve credentials of"
PROXY = "proxyUrl must be an address such as http://proxy.example.com:3128, without user, password, path,"
POLL = "pollInterval must be a duration such as 10s or 1m30s, more than 0s and at most 1h."
BUNDLE = "caBundle must hold certificates in PEM form (BEGIN CERTIFICATE) and no private key."
NAMES = "names must list at least one namespace with from: Names, and be left out otherwise."
SELECTOR = "selector must be given with from: Selector, and be left out otherwise."
VALUES = "values must be given with the operators In and NotIn, and be left out with Exists and DoesNotExist."
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def _selecting(*expressions: Any) -> Any:
    return {"allowedNamespaces": {"from": "Selector", "selector": {"matchExpressions": list(expressions)}}}


REFUSED_URLS: dict[str, str] = {
    "": FORM,
    "app.run.ai": FORM,
    "ftp://app.run.ai": FORM,
    "HTTPS://app.run.ai": FORM,
    "https://": FORM,
    "https://user:pass@app.run.ai": FORM,
    "https://good@evil.example": FORM,
    "http://user:pass@app.run.ai": FORM,
    "https://app.run.ai?x=1": FORM,
    "https://app.run.ai/?x=1": FORM,
    "https://app.run.ai#x": FORM,
    "https://app.run.ai/a b": FORM,
    "https://app.run.ai/%2f..": FORM,
    "https://app.run.ai/../x": FORM,
    "https://app.run.ai\\@evil.example": FORM,
    "https://app.run.ai.": FORM,
    "https://2130706433": FORM,
    "https://127.1": FORM,
    "https://bücher.example": FORM,
    "https://app.run.ai\n": FORM,
    "http://app.run.ai": HTTP,
    "http://127.0.0.1.evil.example": HTTP,
    "http://localhost.evil.example": HTTP,
    "http://10.0.0.1": HTTP,
    "https://169.254.169.254/latest": LINK_LOCAL,
    "https://[fe80::1]": LINK_LOCAL,
    "https://[::ffff:a9fe:a9fe]": LINK_LOCAL,
    "https://100.100.100.200": LINK_LOCAL,
    "https://100.100.100.200:443/latest": LINK_LOCAL,
    "https://192.0.0.192/": LINK_LOCAL,
    "https://metadata.google.internal": LINK_LOCAL,
    "https://Metadata.Goog/computeMetadata": LINK_LOCAL,
    "https://[FD00:EC2::254]": LINK_LOCAL,
    "https://[fd20:ce::254]:443": LINK_LOCAL,
    "https://[64:ff9b::a9fe:a9fe]": LINK_LOCAL,
    "https://[2002:a9fe:a9fe::1]": LINK_LOCAL,
}

ACCEPTED_URLS = [
    "https://app.run.ai",
    "https://app.run.ai/",
    "https://runai.example.com:8443/base/path",
    "https://runai",
    "https://10.0.0.1",
    "https://100.100.100.201",
    "https://[fd00:ec2::25]",
    "https://[64:ff9b::a00:1]",
    "https://metadata.google.internal.example.com",
    "https://[2001:db8::1]:443",
    "http://localhost",
    "http://localhost:8600/",
    "http://127.0.0.1:8600",
    "http://[::1]:8600/base",
]

REFUSED: dict[str, tuple[Any, str]] = {
    "no url": ({"url": None}, "spec.url: Required value"),
    "long url": ({"url": "https://" + "x" * 2048}, "spec.url: Too long: may not be more than 2048"),
    "no credential": ({"credentialsSecretRef": None}, "spec.credentialsSecretRef: Required value"),
    "credential without a name": ({"credentialsSecretRef": {}}, "spec.credentialsSecretRef.name: Required value"),
    "credential of a path": ({"credentialsSecretRef": {"name": "../x"}}, "name must be the name of a Secret,"),
    "insecure but not said": ({"url": "http://x", "allowInsecureTransport": False}, HTTP),
    "insecure with a user": ({"url": "http://u:p@x", "allowInsecureTransport": True}, FORM),
    "bundle of nothing": ({"caBundle": ""}, BUNDLE),
    "bundle of words": ({"caBundle": "trust me"}, BUNDLE),
    "bundle with a key": ({"caBundle": PEM + "-----BEGIN RSA PRIVATE KEY-----\n"}, BUNDLE),
    "proxy with a user": ({"proxyUrl": "http://user:pass@proxy:3128"}, PROXY),
    "proxy with a path": ({"proxyUrl": "http://proxy:3128/x"}, PROXY),
    "proxy of another kind": ({"proxyUrl": "socks5://proxy:1080"}, PROXY),
    "tenant as a text": ({"tenantId": "1001"}, "spec.tenantId: Invalid value: "),
    "tenant too large": (
        {"tenantId": 2**31},
        "spec.tenantId: Invalid value: 2147483648: ",
    ),
    "negative tenant": ({"tenantId": -1}, "spec.tenantId: Invalid value: -1: "),
    "poll of words": ({"pollInterval": "often"}, POLL),
    "poll of nothing": ({"pollInterval": "0s"}, POLL),
    "poll too slow": ({"pollInterval": "61m"}, POLL),
    "no requests": ({"requestsPerSecond": 0}, "should be greater than or equal to 1"),
    "too many requests": ({"requestsPerSecond": 1001}, "should be less than or equal to 1000"),
    "unknown from": ({"allowedNamespaces": {"from": "Some"}}, 'supported values: "All", "Names", "Selector"'),
    "names without from": ({"allowedNamespaces": {"names": ["a"]}}, NAMES),
    "names with from All": ({"allowedNamespaces": {"from": "All", "names": ["a"]}}, NAMES),
    "from Names without names": ({"allowedNamespaces": {"from": "Names"}}, NAMES),
    "from Names with no names": ({"allowedNamespaces": {"from": "Names", "names": []}}, NAMES),
    "a name twice": ({"allowedNamespaces": {"from": "Names", "names": ["a", "a"]}}, "names[1]: Duplicate value"),
    "a name with capitals": ({"allowedNamespaces": {"from": "Names", "names": ["A"]}}, "names must be names of namesp"),
    "selector without from": ({"allowedNamespaces": {"selector": {}}}, SELECTOR),
    "from Selector without selector": ({"allowedNamespaces": {"from": "Selector"}}, SELECTOR),
    "selector beside names": ({"allowedNamespaces": {"from": "Names", "names": ["a"], "selector": {}}}, SELECTOR),
    "In without values": (_selecting({"key": "team", "operator": "In"}), VALUES),
    "Exists with values": (_selecting({"key": "team", "operator": "Exists", "values": ["x"]}), VALUES),
    "unknown operator": (_selecting({"key": "team", "operator": "Like"}), 'supported values: "In", "NotIn"'),
}

ACCEPTED: dict[str, Any] = {
    "http, said": {"url": "http://runai.example.com", "allowInsecureTransport": True},
    "bundle": {"caBundle": PEM * 3},
    "proxy": {"proxyUrl": "http://proxy.example.com:3128"},
    "proxy by address": {"proxyUrl": "https://10.0.0.1:3128/"},
    "largest tenant": {"tenantId": 2**31 - 1},
    "fast poll": {"pollInterval": "1s"},
    "slow poll": {"pollInterval": "1h"},
    "requests": {"requestsPerSecond": 1000},
    "all namespaces": {"allowedNamespaces": {"from": "All"}},
    "all namespaces, not said": {"allowedNamespaces": {}},
    "named namespaces": {"allowedNamespaces": {"from": "Names", "names": ["platform", "team-1"]}},
    "selected namespaces": _selecting(
        {"key": "team", "operator": "In", "values": ["a", "b"]}, {"key": "x", "operator": "Exists"}
    ),
    "namespaces by empty selector": {"allowedNamespaces": {"from": "Selector", "selector": {}}},
}


def _spec(**parts: Any) -> Any:
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "runai-credentials"}} | parts
    return {name: value for name, value in spec.items() if value is not None}


def _try(kube: Kube, spec: Any) -> Any:
    return kube.create(f"{CONTROL_PLANES_PATH}?dryRun=All", control_plane(spec))


@pytest.mark.case(
    "S-02",
    injected="such URLs in a RunaiControlPlane",
    outcome="refused by the API server, each in one sentence",
)
@pytest.mark.parametrize(("url", "sentence"), REFUSED_URLS.items(), ids=[ascii(url) for url in REFUSED_URLS])
def test_refused_urls(kube: Kube, url: str, sentence: str) -> None:
    """An address that is not https, hides its host or carries a user is refused with exactly one sentence."""
    with pytest.raises(KubeError) as refused:
        _try(kube, _spec(url=url))

    assert refused.value.code == 422
    assert sentence in refused.value.message
    assert refused.value.message.count("spec.url") == 1


@pytest.mark.parametrize(
    "parts",
    [
        {"url": "https://user:canary@app.run.ai"},
        {"proxyUrl": "http://user:canary@proxy:3128"},
        {"caBundle": PEM + "-----BEGIN RSA PRIVATE KEY-----\ncanary\n"},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_refusals_repeat_no_secret(kube: Kube, parts: Any) -> None:
    """A password or key in the wrong place is refused without being repeated, for refusals end up in logs."""
    with pytest.raises(KubeError) as refused:
        _try(kube, _spec(**parts))

    assert refused.value.code == 422
    assert "canary" not in refused.value.message


@pytest.mark.parametrize("url", ACCEPTED_URLS)
def test_accepted_urls(kube: Kube, url: str) -> None:
    """Https to any host is accepted, and http to this machine."""
    assert _try(kube, _spec(url=url))["spec"]["url"] == url


@pytest.mark.case("S-05", injected="a credentials Secret named `../x`", outcome="refused by the API server")
@pytest.mark.parametrize(("parts", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_refused(kube: Kube, parts: Any, sentence: str) -> None:
    """A wrong spec is refused with a sentence that says what is right."""
    with pytest.raises(KubeError) as refused:
        _try(kube, _spec(**parts))

    assert refused.value.code == 422
    assert sentence in refused.value.message


@pytest.mark.parametrize("parts", ACCEPTED.values(), ids=list(ACCEPTED))
def test_accepted(kube: Kube, parts: Any) -> None:
    """A right spec is accepted and comes back as it was written: nothing is defaulted."""
    assert _try(kube, _spec(**parts))["spec"] == _spec(**parts)


def test_a_spec_is_needed(kube: Kube) -> None:
    """A control plane without a spec is refused."""
    with pytest.raises(KubeError, match="spec: Required value"):
        _try(kube, None)


@pytest.mark.parametrize("before", ["tenantId", "url"])
def test_anything_may_change(kube: Kube, namespace: str, before: str) -> None:
    """Address and tenant may be corrected: the operator, not the schema, judges what that means for clusters."""
    path = f"{CONTROL_PLANES_PATH}/{namespace}"
    kube.create(CONTROL_PLANES_PATH, control_plane(_spec(tenantId=1), name=namespace))

    changed = kube.patch(path, {"spec": {before: 2 if before == "tenantId" else "https://other.example.com"}})

    kube.delete(path)
    assert changed["metadata"]["generation"] == 2
