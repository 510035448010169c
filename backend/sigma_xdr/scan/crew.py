"""A hunt on all cores: sources in pieces to several processes, what they find put in order again.

What is found doesn't depend on how many processes there are: each piece is read with what its rows need of the records around it,
and what the pieces give is taken in their order.
"""

from __future__ import annotations

import errno
import gc
import multiprocessing
import pickle
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.scan.correlating import Alert, Store
from sigma_xdr.scan.hits import Hit
from sigma_xdr.scan.hunting import Found, Hunter, Plan
from sigma_xdr.scan.summary import Account, HuntSummary
from sigma_xdr.telemetry.sources import Piece, Reading, Source, pieces

__all__ = ["Crew", "rare_collection"]

#: Pieces that wait for a process that is free.
_WAITING = 2
#: How long one waits between two looks at the progress.
_SECONDS = 0.2
#: After how many records one looks whether to stop, and tells how much is read.
_OFTEN = 1000
#: How rarely Python looks for cycles: after so many new objects, and for old ones after so many such times.
_RARELY = (100_000, 50, 100)
#: What the system says where there is no room left, for anybody, for this user, or in this file.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: What is less than this many bytes altogether isn't worth a second process.
_SMALL = 16 * 2**20
#: How small and how large pieces may be, in bytes.
_LEAST, _MOST = 32 * 2**20, 2**31


@dataclass
class Crew:
    """A hunt through files: ``hits`` gives what is found, and fills ``summary`` meanwhile.

    ``jobs`` is the number of processes; ``progress`` is called now and then with the number of bytes that are read so far.
    """

    plan: Plan
    sources: Sequence[Source]
    jobs: int = 1
    progress: Callable[[int], None] = lambda read: None
    summary: HuntSummary = field(default_factory=HuntSummary)

    def __post_init__(self) -> None:
        self._hunter = Hunter(self.plan)

    def hits(self) -> Iterator[Hit]:
        """The hits, by file, record and rule; those of correlations follow. Whoever interrupts gets what was found before."""
        with tempfile.TemporaryDirectory(prefix="sigma-xdr-") as folder, Store(self._hunter.correlations) as store:
            try:
                for found in self._found(Path(folder)):
                    yield from map(self._counted, self._hits_of(found))
                    store.add(found.sightings)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise _full_disk() from None
            for alert in store.alerts():
                if (hit := self._alert(alert)) is not None:
                    yield self._counted(hit)

    def _counted(self, hit: Hit) -> Hit:
        self.summary.add(hit)
        return hit

    def _found(self, folder: Path) -> Iterator[Found]:
        """What is found, in order."""
        size = self._piece_size()
        tasks = (
            (number, piece.by_itself() if self.plan.raw else piece)  # records as they are need no others
            for number, source in enumerate(self.sources)
            for piece in pieces(source, size)
        )
        context = multiprocessing.get_context("spawn")
        common = _Common(self.plan, folder, context.Value("q", 0), context.Event())
        self.summary.account.files = len(self.sources)
        with _interruption(common.stop), rare_collection():
            if self.jobs == 1 or self._size() < _SMALL:
                for file, piece in tasks:
                    account = Account()
                    yield from common.hunt(self._hunter, file, piece, account, self.progress)
                    self.summary.account.add(account)
            else:
                yield from self._by_many(tasks, common, context)

    def _size(self) -> int:
        return sum(source.size for source in self.sources)

    def _piece_size(self) -> int:
        """In how many bytes a file is cut: as seldom as keeps all processes busy, for around each cut much is read twice."""
        return max(_LEAST, min(self._size() // self.jobs + 1, _MOST if self.jobs > 1 else sys.maxsize))

    def _by_many(self, tasks: Iterator[tuple[int, Piece]], common: _Common, context: Any) -> Iterator[Found]:
        """The same, by several processes; each leaves what it found of a piece in a file."""
        pool = ProcessPoolExecutor(self.jobs, context, _begin, (common,))
        try:
            waiting: deque[tuple[Path, Future[Account]]] = deque()
            for number, (file, piece) in enumerate(tasks):
                if common.stop.is_set():
                    self.summary.account.interrupted = True
                    break
                path = common.folder / str(number)
                waiting.append((path, pool.submit(_work, file, piece, path)))
                if len(waiting) > self.jobs + _WAITING:
                    yield from self._given(*waiting.popleft(), common)
            while waiting:
                yield from self._given(*waiting.popleft(), common)
        finally:
            common.stop.set()  # whatever ended it, nobody waits for what is left
            pool.shutdown(cancel_futures=True)

    def _given(self, path: Path, work: Future[Account], common: _Common) -> Iterator[Found]:
        """What is found in a piece, once all of it is read."""
        while not wait([work], _SECONDS).done:
            self.progress(common.read.value)
        try:
            self.summary.account.add(work.result())
        except BrokenProcessPool:
            message = "a process of the hunt died: it was killed, or there is no memory left"
            raise SigmaXdrError(Diagnostic("process-died", message, "use less --jobs")) from None
        self.progress(common.read.value)
        with path.open("rb") as file:
            while True:
                try:
                    yield pickle.load(file)
                except EOFError:
                    break
        path.unlink()

    def _hits_of(self, found: Found) -> Iterator[Hit]:
        place = found.place
        name = self.sources[place.file].name
        for rule in found.rules:
            yield Hit(
                self.plan.rules[rule].rule,
                place.table,
                found.timestamp,
                found.device,
                name,
                place.records[0],
                tuple(sorted(set(place.records))),
                place.row,
            )

    def _alert(self, alert: Alert) -> Hit | None:
        """The hit of a correlation; None of one that only others need."""
        asked = self._hunter.correlations.asked[alert.correlation]
        if asked is None or not self.plan.correlations[asked].reported:
            return None
        place = alert.place
        records: dict[int, set[int]] = {place.file: set(place.records)}
        for each in alert.contributed:
            records.setdefault(each.file, set()).update(each.records)
        elsewhere = {
            self.sources[file].name: tuple(sorted(numbers))
            for file, numbers in sorted(records.items())
            if file != place.file
        }
        return Hit(
            self.plan.correlations[asked].rule,
            place.table,
            place.row.get("Timestamp") or alert.time.isoformat() + "Z",
            str(place.row.get("DeviceName") or alert.device),
            self.sources[place.file].name,
            place.records[0],
            tuple(sorted(records[place.file])),
            place.row,
            elsewhere,
        )


# ------------------------------------------------------------------------------------------------------------ processes


@dataclass
class _Common:
    """What the processes have in common; ``read`` is how many bytes they have read, ``stop`` is set when somebody stops them."""

    plan: Plan
    folder: Path
    read: Any
    stop: Any

    def hunt(
        self, hunter: Hunter, file: int, piece: Piece, account: Account, progress: Callable[[int], None]
    ) -> Iterator[Found]:
        """What is found in a piece of the file at this position."""
        events = self._until_stopped(piece, account, progress)
        yield from hunter.hunt(events, file, account, piece.first_number, piece.last_number)

    def _until_stopped(self, piece: Piece, account: Account, progress: Callable[[int], None]) -> Iterator[Any]:
        told = 0
        reading = Reading(piece)
        for count, event in enumerate(reading):
            if count % _OFTEN == 0:
                if self.stop.is_set():
                    account.interrupted = True
                    break
                told = self._tell(reading.consumed, told, progress)
            yield event
        self._tell(reading.consumed, told, progress)
        account.bytes += reading.consumed
        account.left_out.update(reading.left_out)

    def _tell(self, consumed: int, told: int, progress: Callable[[int], None]) -> int:
        with self.read.get_lock():
            self.read.value += consumed - told
        progress(self.read.value)
        return consumed


#: In a process of the crew, what it has in common with the others, and its own hunter.
_at_work: list[tuple[_Common, Hunter]] = []


def _begin(common: _Common) -> None:
    """A process of the crew begins. Ctrl-C is for the first process alone, which then asks the others to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*_RARELY)
    _at_work.append((common, Hunter(common.plan)))


def _work(file: int, piece: Piece, path: Path) -> Account:
    """Hunt through a piece, and leave what is found in a file."""
    [(common, hunter)] = _at_work
    account = Account()
    with path.open("wb") as out:
        for found in common.hunt(hunter, file, piece, account, lambda _: None):
            pickle.dump(found, out)
    return account


@contextmanager
def rare_collection() -> Iterator[None]:
    """Rules and events are no cycles: Python would look through the thousands that are kept again and again, and find nothing."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _interruption(stop: Any) -> Iterator[None]:
    """Ctrl-C asks the processes to stop; a second one ends this one at once."""

    def on_signal(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    try:
        before = signal.signal(signal.SIGINT, on_signal)
    except ValueError:  # not in the main thread: nobody types there
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _full_disk() -> SigmaXdrError:
    message = f"there is no room left in {tempfile.gettempdir()} for what the hunt finds"
    return SigmaXdrError(Diagnostic("full-disk", message, "make room there, or name another folder in TMPDIR"))
