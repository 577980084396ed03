"""`runai-registrar install-command`: the Helm command that installs Run:ai on a registered cluster."""

import argparse
import asyncio
import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from shlex import join
from typing import Any

from runai_registrar.cli.access import add_examples, add_kubernetes, kubernetes, printed, say
from runai_registrar.cli.given import namespace, object_name
from runai_registrar.core.installed import CLUSTER_VERSION, OWNER
from runai_registrar.errors import Absent, KubernetesError, SettingsError
from runai_registrar.gitops.helm import VALUES, Install, unusable
from runai_registrar.kube import Kube
from runai_registrar.login import Person
from runai_registrar.resources import RECONCILE_REQUESTED_AT, REGISTRATIONS, Registration

CONDITION = "InstallSecretReady"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("name", type=object_name, metavar="NAME", help="the registration")
    parser.add_argument(
        "-n", "--namespace", type=namespace, metavar="NAME", help="its namespace (default: that of the context)"
    )
    parser.add_argument("--show-secret", action="store_true", help="print the values too, with the client secret")
    target = "context of the cluster to install on (default: the one that is current when the command runs)"
    parser.add_argument("--helm-context", metavar="NAME", help=target)
    chart = "a chart file, or REPOSITORY/CHART as Helm knows it (default: from the repository in the install Secret)"
    parser.add_argument("--chart", metavar="CHART", help=chart)
    add_kubernetes(parser)
    parser.add_argument_group("for Helm", "What stands behind -- is added to the Helm command as it is.")
    add_examples(
        parser,
        "runai-registrar install-command gpu-east -n platform --helm-context gpu-east",
        "runai-registrar install-command gpu-east --show-secret > install.sh",
        "runai-registrar install-command gpu-east -- --server-side=false    # what Helm 4 needs",
    )


def run(args: argparse.Namespace) -> int:
    """Print the command; 1 where there is nothing to install from yet, 2 when that could not be found out."""
    command, obstacle = asyncio.run(_command(args))
    if obstacle is not None:
        say(obstacle)
        return 1
    return printed(lambda: _print(command), exact=True)


def _print(command: str) -> int:
    print(command)
    return 0


async def _command(args: argparse.Namespace) -> tuple[str, str | None]:
    """The command, or what is in its way."""
    async with kubernetes(args) as (kube, person):
        namespace = args.namespace or person.namespace
        registration = await _registration(kube, namespace, args.name)
        if obstacle := _obstacle(registration):
            return "", obstacle
        secret = await _secret(kube, registration)
    if secret is None:
        return "", _lost(registration)
    if (secret["metadata"].get("labels") or {}).get(OWNER) != registration.uid:
        return "", f"The Secret {secret['metadata']['name']} is not that of {registration.key}."
    return _written(args, person, registration, secret)


def _written(
    args: argparse.Namespace, person: Person, registration: Registration, secret: Mapping[str, Any]
) -> tuple[str, str | None]:
    name, data = secret["metadata"]["name"], secret.get("data") or {}
    content = {key: base64.b64decode(data.get(key, "")).decode(errors="replace") for key in ("chartRepoURL", VALUES)}
    content["version"] = (secret["metadata"].get("annotations") or {}).get(CLUSTER_VERSION, "")
    if odd := unusable(content):
        return "", f"The {odd} of the Secret {name} cannot be used. Delete the Secret: it is written again."
    install = Install(
        namespace=registration.metadata.namespace,
        secret=name,
        chart_repo=content["chartRepoURL"],
        version=content["version"],
        kubectl=_options(args, person),
        helm=(f"--kube-context={args.helm_context}",) if args.helm_context else (),
        chart=args.chart,
        more=args.passed_on,
    )
    return (install.shown(content[VALUES]) if args.show_secret else install.hidden()), None


def _options(args: argparse.Namespace, person: Person) -> tuple[str, ...]:
    """How kubectl finds the same cluster, whatever context is current by then."""
    given = {"--kubeconfig": args.kubeconfig, "--context": person.context}
    return tuple(f"{flag}={value}" for flag, value in given.items() if value)


async def _registration(kube: Kube, namespace: str, name: str) -> Registration:
    try:
        return Registration.from_dict(await kube.named(REGISTRATIONS, namespace, name))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    except Absent:
        message = f"There is no RunaiClusterRegistration {name} in namespace {namespace}. Check -n and --context."
        raise SettingsError(message) from None


async def _secret(kube: Kube, registration: Registration) -> dict[str, Any] | None:
    """The install Secret; None where it is not there."""
    name, namespace = _recorded(registration), registration.metadata.namespace
    try:
        return await kube.secret(namespace, name)
    except Absent:
        return None
    except KubernetesError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        raise SettingsError(f"You may not read the Secret {name} in namespace {namespace}.") from None


def _recorded(registration: Registration) -> str:
    recorded = registration.status.install_secret
    return recorded.name if recorded else ""


def _obstacle(registration: Registration) -> str | None:
    """Why there is nothing to install from, and what to do; None where there is."""
    wanted, status = registration.spec.install_secret, registration.status
    if registration.deleting:
        return f"{registration.key} is being deleted."
    if wanted is None:
        return f"{registration.key} asks for no install Secret. Set spec.installSecret.name:\n  {_ask(registration)}"
    found = next((each for each in status.conditions if each.type == CONDITION), None)
    if found is None or found.observed_generation != registration.metadata.generation:
        return f"The install Secret {wanted.name} is not ready: the operator has not looked at {registration.key} yet."
    if found.status == "True" and status.install_secret == wanted:
        return None
    return f"The install Secret {wanted.name} of {registration.key} is not ready: {found.message}"


def _ask(registration: Registration) -> str:
    """The command that asks for an install Secret."""
    change = json.dumps({"spec": {"installSecret": {"name": f"{registration.name}-install"}}})
    return _kubectl("patch", registration, "--type=merge", f"--patch={change}")


def _lost(registration: Registration) -> str:
    """What to do where the install Secret was there and is not any more."""
    again = f'{_kubectl("annotate", registration, "--overwrite")} {RECONCILE_REQUESTED_AT}="$(date -Is)"'
    name = _recorded(registration)
    return f"The Secret {name} is gone. It is written again within 5 minutes, or at once after this:\n  {again}"


def _kubectl(verb: str, registration: Registration, *options: str) -> str:
    where = f"--namespace={registration.metadata.namespace}"
    return join(("kubectl", verb, "rcr", registration.name, where, *options))
