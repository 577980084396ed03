"""One row of the table in `decide`, as a situation and the whole action that it calls for."""

from dataclasses import dataclass, replace

from runai_registrar.core.actions import Action, InstallStatus, Release, Stand
from runai_registrar.core.observed import Observed


@dataclass(frozen=True)
class Row:
    """A situation, the action it calls for with its sentences left empty, and what these sentences must say.

    `name` is the row's name in the table; where several situations belong to a row, what sets one apart follows a `/`.
    """

    name: str
    seen: Observed
    action: Action
    says: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        """The row of the table that this belongs to."""
        return self.name.partition("/")[0]


def wordless(action: Action) -> Action:
    """Return an action without its sentences."""
    match action:
        case Stand(install=InstallStatus() as install):
            return replace(action, message="", install=replace(install, message=""))
        case Stand():
            return replace(action, message="")
        case Release():
            return replace(action, why="")
        case _:
            return action


def words(action: Action) -> str:
    """Return the sentences of an action; empty for most."""
    match action:
        case Stand():
            return action.message
        case Release():
            return action.why
        case _:
            return ""
