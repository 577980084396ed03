"""`runai-registrar operator`: the settings as flags, and the operator."""

import argparse
import asyncio
import sys

from runai_registrar import app, settings
from runai_registrar.telemetry import logs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting; what is not given comes from the environment."""
    for name, field in settings.Settings.model_fields.items():
        variable = settings.PREFIX + name.upper()
        text = f"{field.description} Environment: {variable}."
        if name == "namespaces":
            parser.add_argument("--namespace", dest=name, action="append", metavar="NAME", help=text)
        else:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar="VALUE", help=text)


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM; 0 after a clean stop, 1 where the watches broke down."""
    flags = {name: getattr(arguments, name) for name in settings.Settings.model_fields}
    chosen = settings.load(**flags)
    logs.configure(json_lines=chosen.log_format is settings.LogFormat.JSON, level=chosen.log_level)
    try:
        return asyncio.run(app.serve(chosen))
    except OSError as error:
        print(f"runai-registrar: cannot listen on port {chosen.health_port}: {error.strerror}", file=sys.stderr)
        return 2
