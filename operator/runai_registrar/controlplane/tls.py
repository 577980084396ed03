"""TLS towards a control plane: always verified, by the system's certificates and those of the CA bundle."""

from __future__ import annotations

import re
import ssl

from runai_registrar.errors import InvalidEndpoint

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def certificates_of(ca_bundle: str) -> str:
    """Return the PEM certificates of a bundle without the comments, keys and other text around them.

    Raises:
        InvalidEndpoint: There are none, or one of them cannot be read.
    """
    certificates = "\n".join(_CERTIFICATE.findall(ca_bundle))
    if not certificates:
        raise InvalidEndpoint("spec.caBundle holds no certificate: it must be PEM text (BEGIN CERTIFICATE).")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except ssl.SSLError:
        raise InvalidEndpoint(
            "spec.caBundle holds a certificate that cannot be read: check that it is complete.",
        ) from None
    return certificates


def verified_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that verifies chain and host name; there is no way to ask for less.

    Not `ssl.create_default_context`: that writes session keys where SSLKEYLOGFILE says, and from Python 3.13 on it
    refuses the sloppy extensions of many private CAs. An intermediate in the bundle is an anchor, as it is for kubectl.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_default_certs()
    if ca_bundle is not None:
        context.load_verify_locations(cadata=certificates_of(ca_bundle))
    return context
