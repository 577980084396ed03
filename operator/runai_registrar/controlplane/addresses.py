"""Which IP addresses nobody can mean as a control plane: those of cloud metadata, above all (pure).

A cloud's metadata service hands out the credentials of the machine that asks. Most are link-local addresses; some are
not, and any of them can be spelled as an IPv6 address that a gateway translates. A name that resolves to one of them is
not known here: nothing resolves names but the connection itself, which then has to show a certificate for the name.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"})
"""Names under which clouds serve metadata from an address that would be refused."""

_METADATA = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")))
"""Metadata at addresses that are not link-local: Alibaba Cloud, Oracle Cloud, AWS, Google Cloud."""

_TRANSLATED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
"""IPv6 addresses whose last 32 bits are an IPv4 address: NAT64, NAT64 of one's own, IPv4-compatible."""

_LAST_32_BITS = 2**32 - 1


def is_barred(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of metadata, link-local, multicast or unspecified, in whatever disguise."""
    return any(
        meant in _METADATA or meant.is_link_local or meant.is_multicast or meant.is_unspecified
        for meant in _meanings(address)
    )


def _meanings(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield the address, and each IPv4 address that it may stand for."""
    yield address
    if isinstance(address, IPv6Address):
        yield from (inner for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if inner)
        if any(address in network for network in _TRANSLATED):
            yield IPv4Address(int(address) & _LAST_32_BITS)
