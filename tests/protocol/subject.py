"""What is under test: a copy of `core` and `engine`, from their source, under a name of its own.

The copy has a clock that the test moves; and where a test asks what a clause is for, it has the clause taken out. The
package itself is not touched, and nothing is left behind in `sys.modules`.
"""

import importlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import count
from pathlib import Path
from types import ModuleType

import runai_registrar

PACKAGE = Path(runai_registrar.__file__).parent
CLOCK = Path(__file__).with_name("clock.py")
ROOMS = ("core", "engine")

_numbers = count()


@dataclass(frozen=True)
class Change:
    """One textual replacement in one module (`core.recover`); the text must be there exactly once."""

    module: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        """Return the changed source; AssertionError where the text is not there once."""
        found = source.count(self.old)
        assert found == 1, f"{self.module} has {found} times: {self.old}"
        return source.replace(self.old, self.new)


class _Copy(MetaPathFinder, ExecutionLoader):
    """Finds and loads the modules of one copy."""

    def __init__(self, alias: str, changes: tuple[Change, ...]) -> None:
        self._alias, self._changes = alias, changes

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        del path, target
        ours = fullname == self._alias or fullname.startswith(f"{self._alias}.")
        return spec_from_loader(fullname, self) if ours else None

    def is_package(self, fullname: str) -> bool:
        return self._place(fullname).is_dir()

    def get_filename(self, fullname: str) -> str:
        if fullname == f"{self._alias}.engine.clock":
            return str(CLOCK)
        place = self._place(fullname)
        return str(place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))

    def get_source(self, fullname: str) -> str:
        source = Path(self.get_filename(fullname)).read_text(encoding="utf-8")
        for change in self._changes:
            if fullname == f"{self._alias}.{change.module}":
                source = change.apply(source)
        for room in ROOMS:
            source = source.replace(f"runai_registrar.{room}", f"{self._alias}.{room}")
        return source

    def _place(self, fullname: str) -> Path:
        return PACKAGE.joinpath(*fullname.split(".")[1:])


class Subject:
    """The modules of one copy that the model drives or reads."""

    def __init__(self, *changes: Change) -> None:
        self.alias = f"subject{next(_numbers)}"
        copy = _Copy(self.alias, changes)
        sys.meta_path.insert(0, copy)
        try:
            self.reconcile = self._load("engine.reconcile")
            self.world = self._load("engine.world")
            self.clock = self._load("engine.clock")
            self.poller = self._load("engine.poller")
            self.observed = self._load("core.observed")
            self.times = self._load("core.times")
        finally:
            sys.meta_path.remove(copy)
            for name in [name for name in sys.modules if name.split(".")[0] == self.alias]:
                del sys.modules[name]

    def _load(self, module: str) -> ModuleType:
        return importlib.import_module(f"{self.alias}.{module}")


@cache
def subject(*changes: Change) -> Subject:
    """The copy with these changes; without any it is what the operator runs."""
    return Subject(*changes)
