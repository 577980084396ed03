"""`runai-registrar export`: registrations for the clusters that exist, as YAML for Git."""

import argparse
import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path

from runai_registrar.cli.access import add_examples, printed, say
from runai_registrar.cli.given import namespace, path
from runai_registrar.cli.looking import add_control_plane, look
from runai_registrar.errors import SettingsError
from runai_registrar.gitops.manifest import Choice, document
from runai_registrar.resources import Mode


class Written(StrEnum):
    """What became of a file."""

    NEW = "written"
    REPLACED = "replaced"
    SAME = "unchanged"
    KEPT = "kept, because it differs (--overwrite replaces it)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="names of clusters, with *, ? and [...]")
    parser.add_argument("--all", action="store_true", help="also clusters that have a registration already")
    mode = "Observe changes nothing until somebody sets Manage (default: %(default)s)"
    parser.add_argument("--mode", choices=[each.value for each in Mode], default=Mode.OBSERVE.value, help=mode)
    parser.add_argument("-n", "--namespace", type=namespace, metavar="NAME", help="written into each registration")
    parser.add_argument("--with-state", action="store_true", help="tell each cluster's state in a comment")
    parser.add_argument("--output-dir", type=path, metavar="DIR", help="one file each (default: standard output)")
    parser.add_argument("--overwrite", action="store_true", help="replace files in DIR that differ")
    add_control_plane(parser)
    add_examples(
        parser,
        "runai-registrar export > clusters.yaml",
        "runai-registrar export 'gpu-*' --namespace platform --output-dir clusters/",
        "runai-registrar export --url https://app.run.ai --client-id me --client-secret-file secret.txt",
    )


def run(args: argparse.Namespace) -> int:
    """Write; 0 when all is written, 1 when no cluster matched or a file was kept, 2 when it could not be done."""
    if args.overwrite and args.output_dir is None:
        raise SettingsError("--overwrite goes with --output-dir.")
    seen = asyncio.run(look(args))
    chosen, names = seen.chosen(args.patterns, everything=args.all), seen.names()
    choice = Choice(args.control_plane, args.namespace, Mode(args.mode), state=args.with_state)
    documents = {names[each.uuid]: document(each, names[each.uuid], choice) for each in chosen}
    if not documents:
        say("There is nothing to export: no cluster matches, or those that do have a registration (--all).")
        return 1 if args.patterns else 0
    if args.output_dir is None:
        return printed(lambda: _print(documents), exact=True)
    return printed(lambda: _files(documents, args))


def _print(documents: dict[str, str]) -> int:
    sys.stdout.write("---\n".join(documents.values()))
    return 0


def _files(documents: dict[str, str], args: argparse.Namespace) -> int:
    """One file each; what is there already and differs stays, unless it may be replaced."""
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = set()
    for name, text in documents.items():
        file = folder / f"{name}.yaml"
        outcome = write(file, text, overwrite=args.overwrite)
        outcomes.add(outcome)
        print(f"{file}: {outcome}")
    return 1 if Written.KEPT in outcomes else 0


def write(file: Path, text: str, *, overwrite: bool) -> Written:
    """Write one file, in whole or not at all; a link stays, and what it leads to is written."""
    there = file.read_bytes() if file.exists() else None
    if there == text.encode():
        return Written.SAME
    if there is not None and not overwrite:
        return Written.KEPT
    target = Path(os.path.realpath(file))
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(text.encode())
    fresh.replace(target)
    return Written.NEW if there is None else Written.REPLACED
