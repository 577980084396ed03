"""Two operators that see different things would write over each other's status for ever: each gives way a while.

It happens while an update rolls over and both are alive, until their lists of clusters agree. A title is never kept
waiting, because it is what must not be lost.
"""

from dataclasses import dataclass

from runai_registrar.core.report import same
from runai_registrar.core.times import Stamp
from runai_registrar.engine.backoff import pause
from runai_registrar.resources import RegistrationStatus

LONGEST = 30.0
"""Longest time, in seconds, for which a status that somebody else wrote is let stand."""


@dataclass
class Contest:
    """What this process wrote last of one registration, and how often somebody else has put something else there."""

    wrote: RegistrationStatus | None = None
    rounds: int = 0
    until: Stamp | None = None

    def pause(self, seen: RegistrationStatus, wanted: RegistrationStatus, now: Stamp) -> float:
        """Seconds to wait before `wanted` is written in the place of `seen`; 0 says that it is written now."""
        if self.until is not None and self._is_again(seen, wanted):
            left = self.until.boot - now.boot
            if left > 0:
                return left
            self.until = None
            return 0.0
        if not self._is_again(seen, wanted):
            self.wrote, self.rounds, self.until = wanted, 0, None
            return 0.0
        self.rounds += 1
        if self.rounds == 1:
            return 0.0
        wait = min(LONGEST, pause(self.rounds))
        self.until = now.earlier(-wait)
        return wait

    def _is_again(self, seen: RegistrationStatus, wanted: RegistrationStatus) -> bool:
        """Whether the same was written before and has been replaced, and nothing that must be kept is at stake."""
        titled = (seen.uuid, seen.origin, seen.owner_uid, seen.attempt)
        kept = titled == (wanted.uuid, wanted.origin, wanted.owner_uid, wanted.attempt)
        return kept and self.wrote is not None and same(self.wrote, wanted)
