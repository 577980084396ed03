"""What can go wrong around the test API server.

::

    ApiServerError                      a sentence for a person: what is so, and what to do
    ├── BinariesUnavailableError        no source has the programs
    ├── DownloadRefusedError            the archive cannot be had, or is not the pinned one: the next source is tried
    ├── BuildError                      Go could not build a program; ends with the tail of its output
    ├── StartError                      a server ended or did not get ready in time; ends with the tail of its log
    │   └── PortTakenError              somebody else took the port first: another one is tried
    ├── KubeconfigError                 a kubeconfig that cannot be read or used
    └── ManifestRefusedError            the API server, or this package, refuses a manifest
"""


class ApiServerError(Exception):
    """The root: a message for a person, printed without a traceback."""


class BinariesUnavailableError(ApiServerError):
    """No source has the programs; the message lists what was tried and the ways out."""


class DownloadRefusedError(ApiServerError):
    """The archive could not be downloaded, or its checksum is not the pinned one."""


class BuildError(ApiServerError):
    """``go build`` failed; the message ends with the tail of its output."""


class StartError(ApiServerError):
    """A server ended, or was not ready in time; the message ends with the tail of its log."""


class PortTakenError(StartError):
    """The port chosen was taken by somebody else before the server could listen on it."""


class KubeconfigError(ApiServerError):
    """The kubeconfig cannot be read, or logs in by a way that is not supported here."""


class ManifestRefusedError(ApiServerError):
    """A manifest cannot be read, or the API server refuses it."""
