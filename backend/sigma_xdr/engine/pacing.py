"""When a service may be asked, and when again: its calls a minute, and how long one waits for it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Clock", "Pace", "Patience", "retry_after"]

#: Seconds to wait before each new try, where the service doesn't say how long. A used-up CPU quota is filled again after 15
#: minutes, which is what the waits of ``busy`` add up to.
_WAITS = {"busy": (15, 30, 60, 120, 240, 480), "broken": (1, 2, 4, 8), "unreachable": (1, 2)}
#: No request is waited for longer, in seconds, whatever the service asks for.
_LONGEST = 20 * 60


@dataclass(frozen=True)
class Clock:
    """The machine's: seconds that never go back, and a way to let them pass."""

    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """No more than ``calls`` in any minute; None: as many as one likes."""

    def __init__(self, calls: int | None, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] | None = deque(maxlen=calls) if calls else None

    def wait(self) -> None:
        """Return when the next call may start, and count it."""
        if self._times is None:
            return
        if len(self._times) == self._times.maxlen:
            rest = self._times[0] + 60 - self._clock.seconds()
            if rest > 0:
                self._clock.sleep(rest)
        self._times.append(self._clock.seconds())


class Patience:
    """How often one request is tried again, and how long it is waited for in all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries = 0
        self._waited = 0.0

    def again(self, reason: str, asked: float | None = None) -> bool:
        """Wait, and say that the request may be tried again; False at once where patience is at its end.

        ``reason`` is ``busy``, ``broken`` or ``unreachable``, ``asked`` how many seconds the service asks for.
        """
        waits = _WAITS[reason]
        if self._tries >= len(waits):
            return False
        wait = asked if asked is not None else waits[self._tries]
        if self._waited + wait > _LONGEST:
            return False
        self._tries += 1
        self._waited += wait
        self._clock.sleep(wait)
        return True


def retry_after(text: str | None) -> float | None:
    """The seconds that a Retry-After header asks for: a number, or a date. None where there is none that can be read."""
    if text is None:
        return None
    if text.strip().isdecimal() and text.isascii():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
