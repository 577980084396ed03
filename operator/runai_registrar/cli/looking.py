"""What a control plane shows: through its RunaiControlPlane and Secret in Kubernetes, or directly with `--url`."""

import argparse
import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from runai_registrar.cli.access import add_kubernetes, kubernetes
from runai_registrar.cli.given import namespace, object_name, readable, text_in
from runai_registrar.core.times import Timing
from runai_registrar.engine.connection import Connection
from runai_registrar.engine.world import read
from runai_registrar.errors import Absent, CredentialsNotFound, KubernetesError, RegistrarError, SettingsError
from runai_registrar.gitops.seen import Seen
from runai_registrar.kube import Kube
from runai_registrar.resources import CONTROL_PLANES, ControlPlane, Registration

SECRET_VARIABLE = "RUNAI_REGISTRAR_CLIENT_SECRET"  # noqa: S105  # the name of a variable

OPERATOR_NAMESPACE = "runai-registrar"

_FLAGS = {
    "spec.url": "--url",
    "spec.caBundle": "--ca-file",
    "spec.proxyUrl": "--proxy-url",
    "spec.allowInsecureTransport": "--allow-insecure-transport",
    "clientId and clientSecret in the credentials Secret": "--client-id and the client secret",
}
"""What parts of a RunaiControlPlane and its Secret are called on a command line."""

_CRDS = "The CRDs of runai-registrar are not installed in this Kubernetes cluster. Check --context, or use --url."


def add_control_plane(parser: argparse.ArgumentParser) -> None:
    """Declare how a control plane is reached."""
    named = "the RunaiControlPlane; with --url only its name counts (default: %(default)s)"
    parser.add_argument("--control-plane", type=object_name, default="default", metavar="NAME", help=named)
    add_kubernetes(parser)
    where = f"the namespace that holds the credential Secrets (default: {OPERATOR_NAMESPACE})"
    parser.add_argument("--operator-namespace", type=namespace, metavar="NAME", help=where)
    group = parser.add_argument_group("without Kubernetes")
    group.add_argument("--url", help="address of the control plane, such as https://app.run.ai")
    group.add_argument("--client-id", metavar="ID", help="who logs in there")
    secret = f"a file with the client secret, - for standard input (default: the variable {SECRET_VARIABLE})"
    group.add_argument("--client-secret-file", metavar="FILE", help=secret)
    group.add_argument("--ca-file", metavar="FILE", help="PEM file of a private certificate authority")
    group.add_argument("--proxy-url", metavar="URL", help="proxy, such as http://proxy.example.com:3128")
    insecure = "let --url be http for a host that is not this machine"
    group.add_argument("--allow-insecure-transport", action="store_true", help=insecure)


async def look(args: argparse.Namespace) -> Seen:
    """The clusters of the control plane, and all registrations where Kubernetes is asked.

    Raises:
        RegistrarError: Something on the way does not work; the message says what.
    """
    if args.url is not None:
        if any(each is not None for each in (args.kubeconfig, args.context, args.operator_namespace)):
            raise SettingsError(
                "--kubeconfig, --context and --operator-namespace are of no use with --url. Leave them."
            )
        return await _directly(args)
    given = (args.client_id, args.client_secret_file, args.ca_file, args.proxy_url)
    if args.allow_insecure_transport or any(each is not None for each in given):
        flags = "--client-id, --client-secret-file, --ca-file, --proxy-url and --allow-insecure-transport"
        raise SettingsError(f"{flags} go with --url.")
    async with kubernetes(args) as (kube, _):
        plane = await _plane(kube, args.control_plane)
        registrations = await _registrations(kube)
        connection = Connection(kube, args.operator_namespace or OPERATOR_NAMESPACE, Timing())
        try:
            return await _seen(plane, connection, registrations)
        except CredentialsNotFound as error:
            message = f"{error.message} If the operator's Secrets are in another namespace, set --operator-namespace."
            raise SettingsError(message) from None


async def _directly(args: argparse.Namespace) -> Seen:
    client_id = readable(args.client_id or "", "--client-id").strip()
    if not client_id:
        raise SettingsError("--client-id is needed with --url.")
    spec = {
        "url": args.url,
        "credentialsSecretRef": {"name": "given"},
        "proxyUrl": args.proxy_url,
        "allowInsecureTransport": args.allow_insecure_transport,
        "caBundle": None if args.ca_file is None else text_in(args.ca_file, "--ca-file"),
    }
    plane = ControlPlane.from_dict({"metadata": {"name": args.control_plane, "uid": ""}, "spec": spec})
    given = _Given({"clientId": client_id, "clientSecret": _client_secret(args.client_secret_file)})
    try:
        return await _seen(plane, Connection(given, "", Timing()))
    except RegistrarError as error:
        message = error.message
        for field, flag in _FLAGS.items():
            message = message.replace(field, flag)
        raise SettingsError(message) from None


async def _seen(plane: ControlPlane, connection: Connection, registrations: tuple[Registration, ...] = ()) -> Seen:
    """One list of all clusters; clusters of another tenant than the recorded one are none of ours."""
    try:
        clusters = await (await connection.open(plane)).list_clusters()
    except KubernetesError as error:
        raise _no_secret(plane, error) from None
    finally:
        await connection.aclose()
    tenant = plane.spec.tenant_id or plane.status.tenant_id
    if others := {each.tenant_id for each in clusters} - {tenant or each.tenant_id for each in clusters}:
        message = f"The credentials are of tenant {min(others)}, and {plane.name} belongs to tenant {tenant}."
        raise SettingsError(f"{message} Restore the credentials.")
    return Seen(plane.name, clusters, registrations)


def _no_secret(plane: ControlPlane, error: KubernetesError) -> RegistrarError:
    if error.status != HTTPStatus.FORBIDDEN:
        return error
    name = plane.spec.credentials_secret_ref.name
    return SettingsError(
        f"You may not read the Secret {name} of the control plane. Use --url with your own credentials."
    )


async def _plane(kube: Kube, name: str) -> ControlPlane:
    try:
        return ControlPlane.from_dict(await kube.named(CONTROL_PLANES, "", name))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    except Absent:
        raise SettingsError(await _no_plane(kube, name)) from None


async def _no_plane(kube: Kube, name: str) -> str:
    """Whether the kind or only this one is missing; and which ones there are."""
    try:
        others = sorted(each["metadata"]["name"] for each in (await kube.control_planes()).items)
    except Absent:
        return _CRDS
    except KubernetesError:
        others = []
    there = f"There is: {', '.join(others)}. Set --control-plane." if others else "Check --context, or use --url."
    return f"There is no RunaiControlPlane {name}. {there}"


async def _registrations(kube: Kube) -> tuple[Registration, ...]:
    try:
        listed = await kube.registrations()
    except Absent:
        raise SettingsError(_CRDS) from None
    return tuple(found[0] for item in listed.items if (found := read(item)))


def _client_secret(path: str | None) -> str:
    if path is None:
        secret = readable(os.environ.get(SECRET_VARIABLE, ""), SECRET_VARIABLE)
    else:
        secret = text_in(path, "--client-secret-file")
    if not secret.strip():
        raise SettingsError(f"There is no client secret. Set {SECRET_VARIABLE}, or --client-secret-file.")
    return secret


@dataclass(frozen=True)
class _Given:
    """Credentials from the command line, as the Secret that they would stand in."""

    values: Mapping[str, str]

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:  # noqa: ARG002  # there is only this one
        """Return them."""
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in self.values.items()}}

    def __repr__(self) -> str:
        return "_Given(…)"
