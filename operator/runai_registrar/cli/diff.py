"""`runai-registrar diff`: registrations, in files or in Kubernetes, against the control plane."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from runai_registrar.cli.access import add_examples, printed, say
from runai_registrar.cli.given import STANDARD_INPUT, named, namespace, path, text_in
from runai_registrar.cli.looking import add_control_plane, look
from runai_registrar.core.claims import written_title
from runai_registrar.errors import SettingsError
from runai_registrar.gitops.comparison import Difference, Kind, compare
from runai_registrar.gitops.reading import read
from runai_registrar.gitops.seen import Seen, matching
from runai_registrar.resources import Registration

SUFFIXES = {".yaml", ".yml", ".json"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="names of clusters, with *, ? and [...]")
    files = "a file, a folder with all below it, or - for standard input (default: what is in Kubernetes)"
    parser.add_argument("-f", "--filename", type=path, action="append", metavar="FILE", help=files)
    where = "the namespace of registrations in files that name none"
    parser.add_argument("-n", "--namespace", type=namespace, metavar="NAME", help=where)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="default: %(default)s")
    add_control_plane(parser)
    add_examples(
        parser,
        "runai-registrar diff                            # what is in Kubernetes against the control plane",
        "runai-registrar diff -f clusters/ 'gpu-*'       # what is in Git",
        "kubectl kustomize . | runai-registrar diff -f -",
    )


def run(args: argparse.Namespace) -> int:
    """Compare; 0 where nothing differs, 1 where something does, 2 when it could not be done."""
    if args.url is not None and not args.filename:
        raise SettingsError("With --url there is no Kubernetes to compare with. Name files with --filename.")
    if args.namespace is not None and not args.filename:
        raise SettingsError("--namespace goes with --filename: it is for registrations in files that name none.")
    files = _files(args) if args.filename else None
    seen = asyncio.run(look(args))
    declared = list(seen.registrations) if files is None else files
    ours = [each for each in declared if each.spec.control_plane_ref.name == seen.plane]
    if len(ours) < len(declared):
        say(f"Left out: {len(declared) - len(ours)} registrations of other control planes than {seen.plane}.")
    names = {each.name for each in seen.live} | {each.cluster_name for each in ours}
    if not any(matching(name, args.patterns) for name in names) and args.patterns:
        raise SettingsError(f"Nothing is compared: no cluster or registration is named {' or '.join(args.patterns)}.")
    found = [each for each in compare(ours, seen.clusters, _held(seen)) if matching(each.name, args.patterns)]
    side = "Kubernetes" if files is None else "Git"
    return printed(lambda: _print(found, side, args.output))


def _held(seen: Seen) -> dict[str, str]:
    """What live registrations own: a file says nothing of that."""
    return {each.key: title.uuid for each in seen.registrations if (title := written_title(each))}


def _print(found: list[Difference], side: str, output: str) -> int:
    if output == "json":
        by_kind = {kind.value: [each.to_dict() for each in found if each.kind is kind] for kind in Kind}
        print(json.dumps(by_kind, indent=2))
    else:
        for each in found:
            print(each.line(side))
    return 1 if found else 0


def _files(args: argparse.Namespace) -> list[Registration]:
    """The registrations in all files; one that is there twice is a mistake."""
    found: dict[str, str] = {}
    registrations = []
    for where, text in _texts(args.filename):
        for each in read(text, where):
            placed = _placed(each, args.namespace)
            if placed.key in found:
                raise SettingsError(f"{placed.key.removeprefix('/')} is in {found[placed.key]} and in {where}.")
            found[placed.key] = where
            registrations.append(placed)
    return registrations


def _placed(registration: Registration, namespace: str | None) -> Registration:
    metadata = registration.metadata
    if metadata.namespace or namespace is None:
        return registration
    return registration.model_copy(update={"metadata": metadata.model_copy(update={"namespace": namespace})})


def _texts(names: list[str]) -> Iterator[tuple[str, str]]:
    """Each text with the name that people know it by, folders in order."""
    for name in names:
        folder = Path(name)
        files = _below(folder) if name != STANDARD_INPUT and folder.is_dir() else [name]
        for each in files:
            yield named(each), text_in(each)


def _below(folder: Path) -> list[str]:
    return [str(file) for file in sorted(folder.rglob("*")) if file.suffix in SUFFIXES and file.is_file()]
