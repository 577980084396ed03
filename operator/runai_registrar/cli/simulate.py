"""`runai-registrar simulate`: a simulated control plane on two local ports, until it is told to stop."""

import argparse
import asyncio
import json
import re
import signal
import sys
from pathlib import Path

from pydantic import ValidationError

from runai_registrar.simulator import Server, Settings, Simulator, Tls, running
from runai_registrar.simulator.admin_models import CredentialCreate
from runai_registrar.simulator.settings import explain
from runai_registrar.simulator.simulator import DEFAULT_TENANT

DESCRIPTION = "Serve a simulated NVIDIA Run:ai control plane, with faults on demand."
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_MAX_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="address of the API port (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8600, help="API port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--admin-host", default="127.0.0.1", help="address of the admin port (default: %(default)s)")
    parser.add_argument("--admin-port", type=_port, default=8601, help="admin port (default: %(default)s)")
    parser.add_argument("--client-id", default="registrar", help="who may log in (default: %(default)s)")
    parser.add_argument("--client-secret", help="with this secret (default: a random one, printed at the start)")
    parser.add_argument("--tenant-id", type=int, default=DEFAULT_TENANT, help="into this tenant (default: %(default)s)")
    parser.add_argument("--tls-certificate", type=Path, help="PEM file with the API port's certificate")
    parser.add_argument("--tls-key", type=Path, help="PEM file with its private key")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json: one line, once it is ready")
    _add_settings(parser.add_argument_group("behaviour (times as 500ms, 5s, 2m, 1h or never)"))


def _add_settings(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--connect-after", type=_time_or_never, default=5.0, help="a new cluster connects after (5s)")
    group.add_argument("--drain-time", type=_time_or_never, default=5.0, help="a graceful deletion takes (5s)")
    group.add_argument("--list-lag", type=_time, default=0.0, help="a new cluster is hidden in lists for (0s)")
    group.add_argument("--latency", type=_time, default=0.0, help="each call takes (0s)")
    group.add_argument("--token-lifetime", type=_time, default=3600.0, help="a token is good for (1h)")
    group.add_argument("--rate-limit", type=float, help="calls per second before 429 is answered (no limit)")
    group.add_argument("--allow-duplicate-names", action="store_true", help="two clusters may have one name")
    group.add_argument("--no-v2-token", action="store_true", help="there is no /api/v2/token, only /api/v1/token")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return 0 then, or 2 when a port or a file cannot be used."""
    try:
        simulator, tls = _simulator(args), _tls(args)
        asyncio.run(_serve(args, simulator, tls))
    except (OSError, ValueError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else error
        print(f"runai-registrar simulate: {reason}", file=sys.stderr)
        return 2
    return 0


async def _serve(args: argparse.Namespace, simulator: Simulator, tls: Tls | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(
        simulator,
        host=args.host,
        port=args.port,
        admin_host=args.admin_host,
        admin_port=args.admin_port,
        tls=tls,
    ) as server:
        print(_ready_json(server) if args.output == "json" else _ready_text(server), flush=True)
        await stop.wait()


def _simulator(args: argparse.Namespace) -> Simulator:
    settings = Settings(
        connect_after=args.connect_after,
        drain_time=args.drain_time,
        list_lag=args.list_lag,
        latency=args.latency,
        token_lifetime=args.token_lifetime,
        rate_limit=args.rate_limit,
        unique_names=not args.allow_duplicate_names,
        v2_token=not args.no_v2_token,
    )
    wanted = CredentialCreate(client_id=args.client_id, client_secret=args.client_secret, tenant_id=args.tenant_id)
    return Simulator(settings, credentials=(wanted.credential(default_tenant=DEFAULT_TENANT),))


def _tls(args: argparse.Namespace) -> Tls | None:
    if args.tls_certificate is None and args.tls_key is None:
        return None
    if args.tls_certificate is None or args.tls_key is None:
        raise ValueError("--tls-certificate and --tls-key go together")
    return Tls(args.tls_certificate, args.tls_key)


def _ready_json(server: Server) -> str:
    return json.dumps(
        {
            "url": server.url,
            "adminUrl": server.admin_url,
            "clientId": server.client_id,
            "clientSecret": server.client_secret,
            "tenantId": server.tenant_id,
        }
    )


def _ready_text(server: Server) -> str:
    return (
        "The simulated control plane is ready; stop it with Ctrl-C.\n"
        f"  API            {server.url}\n"
        f"  admin          {server.admin_url}\n"
        f"  client id      {server.client_id}\n"
        f"  client secret  {server.client_secret}\n"
        f"  tenant         {server.tenant_id}"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to {_MAX_PORT}")
    return int(text)


def _time(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: write 500ms, 5s, 2m or 1h")
    return float(match[1]) * _UNITS[match[2]]


def _time_or_never(text: str) -> float | None:
    return None if text == "never" else _time(text)
