"""Correlations over a hunt: what their rules match is put aside while events are read, and counted when all of it is there.

Events come in any order, file by file. What a rule of a correlation matches is a *sighting*: its time, its group, the values that
are counted, and where it was read. The sightings lie in a temporary database, sorted there, and slide through the windows one
after the other; only one window of one group is in memory. What makes a sighting, and what a window says, is the evaluator's.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.correlations.measures import GroupEvent, measure_of
from sigma_xdr.evaluator.correlations.sources import Correlated, Member, named, reader
from sigma_xdr.evaluator.transformations import Site

__all__ = ["Alert", "Correlations", "Place", "Sighting", "Store", "device_of"]

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Place:
    """A row where a rule saw something: its file by its position among the sources, the records that it stands for (the one that
    it was made of first), its table and its columns.
    """

    file: int
    records: tuple[int, ...]
    table: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Sighting:
    """What a correlation's rule matched. ``correlation`` and ``tag`` are positions; ``time`` is in microseconds since the first day
    of the year 1, in UTC.
    """

    correlation: int
    tag: int
    member: Member
    time: int
    device: str
    report: int | str
    place: Place


@dataclass(frozen=True)
class Alert:
    """The last sighting of a group and slot that completes a correlation, and all rows that contributed, by time."""

    correlation: int
    time: datetime
    device: str
    place: Place
    contributed: tuple[Place, ...]


class Correlations:
    """Correlations and the rules that they name.

    ``documents`` are those of the correlations, ``rules`` the documents of all rules and correlations by id and by name. Raises
    EvaluatorError for a correlation that can't be judged.
    """

    def __init__(
        self,
        documents: Sequence[Mapping[str, Any]],
        rules: Mapping[str, Any],
        filters: Sequence[Any] = (),
        site: Site | None = None,
    ) -> None:
        built: dict[int, Correlated] = {}
        for document in documents:
            if id(document) not in built:
                Correlated(document, rules, tuple(filters), site or {}, built)
        #: All correlations, inner ones before those that name them.
        self.all: tuple[Correlated, ...] = tuple(built.values())
        number = {id(correlated): index for index, correlated in enumerate(self.all)}
        documents_of = dict(zip(map(id, self.all), built, strict=True))
        #: By a correlation's position: that of its document among ``documents``, None for one that is only named by another.
        asked = {id(document): index for index, document in enumerate(documents)}
        self.asked = [asked.get(documents_of[id(correlated)]) for correlated in self.all]
        self._of_rule: dict[int, list[tuple[int, int]]] = defaultdict(list)
        #: By a correlation's position, those that name it, with the position of its tag.
        self.outer: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, correlated in enumerate(self.all):
            for tag, name in enumerate(correlated.correlation.tags):
                inner = correlated.inner(name)
                if inner is None:
                    self._of_rule[id(named(name, rules))].append((index, tag))
                else:
                    self.outer[number[id(inner)]].append((index, tag))

    def names(self, rule: Mapping[str, Any]) -> bool:
        """Whether a correlation names the rule of this document."""
        return id(rule) in self._of_rule

    def sightings(
        self, rule: Mapping[str, Any], event: Event, time: datetime, report: int | str, place: Place
    ) -> Iterator[Sighting]:
        """What an event that the rule matches is to the correlations that name the rule."""
        device = device_of(place.row)
        look = reader(event, device)
        for index, tag in self._of_rule.get(id(rule), ()):
            correlated = self.all[index]
            member = correlated.member(correlated.correlation.tags[tag], look)
            if member is not None:
                yield Sighting(index, tag, member, _microseconds(time), device, report, place)


def device_of(row: Mapping[str, Any]) -> str:
    """What tells a row's device, or an untouched record's, from others."""
    return str(row.get("DeviceId") or row.get("DeviceName") or row.get("Computer") or "")


def _microseconds(time: datetime) -> int:
    naive = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    return (naive - datetime.min) // _MICROSECOND


class Store:
    """Sightings on disk. Also a context manager, which removes them. Raises SigmaXdrError where the disk is full."""

    def __init__(self, correlations: Correlations) -> None:
        self._correlations = correlations
        self._folder = tempfile.TemporaryDirectory(prefix="sigma-xdr-")
        self._database = sqlite3.connect(os.path.join(self._folder.name, "sightings"), isolation_level=None)
        for statement in _SCHEMA:
            self._database.execute(statement)
        self._places = 0

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Put sightings aside."""
        known: dict[int, int] = {}
        try:
            for sighting in sightings:
                place = sighting.place
                if id(place) not in known:
                    known = {id(place): self._place(place)}
                self._add(sighting, known[id(place)], None)
        except sqlite3.OperationalError as error:
            raise _disk_problem(error) from None

    def alerts(self) -> Iterator[Alert]:
        """The alerts of all correlations that were asked for, each one's by time, then group."""
        try:
            for index in range(len(self._correlations.all)):
                found = self._completed(index)
                if self._correlations.asked[index] is not None:
                    yield from (
                        self._alert(index, *each) for each in sorted(found, key=lambda each: (each[1], each[0]))
                    )
        except sqlite3.OperationalError as error:
            raise _disk_problem(error) from None

    # ------------------------------------------------------------------------------------------------------------ windows

    def _completed(self, index: int) -> list[tuple[str, int, bytes, int]]:
        """A correlation's alerts: group, time, device, place. All completing events go to the correlations that name this one."""
        correlated = self._correlations.all[index]
        span = correlated.correlation.span // _MICROSECOND
        last: dict[tuple[str, int], tuple[str, int, bytes, int]] = {}
        rows = self._database.execute(_IN_ORDER, (index,))
        for group, found in groupby(rows, key=lambda row: row[0]):
            measure, window = measure_of(correlated.correlation), deque[tuple[int, GroupEvent]]()
            for time, events in groupby(_merged(correlated, found), key=lambda event: event.time):
                batch = list(events)
                measure.add([each.event for each in batch])
                window.extend((time, each.event) for each in batch)
                while time - window[0][0] > span:
                    measure.remove(window.popleft()[1])
                for each in batch:
                    if measure.completes(each.event):
                        last[group, time // span] = (group, time, each.device, each.place)
                        self._pass_on(index, group, each)
        return list(last.values())

    def _pass_on(self, index: int, group: str, found: _Merged) -> None:
        """A completing event, to the correlations that name this one."""
        for outer, tag in self._correlations.outer.get(index, ()):
            correlated = self._correlations.all[outer]
            look = self._correlations.all[index].reader(tuple(json.loads(group)), found.event.spelled)
            member = correlated.member(correlated.correlation.tags[tag], look)
            if member is not None:
                device = found.device.decode("utf-8", "surrogatepass")
                place = Place(0, (), "", {})
                sighting = Sighting(outer, tag, member, found.time, device, found.report, place)
                self._add(sighting, found.place, json.dumps([index, group]))

    def _alert(self, index: int, group: str, time: int, device: bytes, place: int) -> Alert:
        contributed: dict[int, None] = {}
        self._contributions(index, group, time, contributed, set())
        when = datetime.min + time * _MICROSECOND
        shown = device.decode("utf-8", "surrogatepass")
        return Alert(index, when, shown, self._read(place), tuple(map(self._read, contributed)))

    def _contributions(
        self, index: int, group: str, time: int, found: dict[int, None], seen: set[tuple[int, str, int]]
    ) -> None:
        """The places of all that stands in the window that ends at a time, down through the correlations that it is about."""
        if (index, group, time) in seen:
            return
        seen.add((index, group, time))
        span = self._correlations.all[index].correlation.span // _MICROSECOND
        for place, origin, at in self._database.execute(_WINDOW, (index, group, time - span, time)).fetchall():
            if origin is None:
                found[place] = None
            else:
                inner, inner_group = json.loads(origin)
                self._contributions(inner, inner_group, at, found, seen)

    # ----------------------------------------------------------------------------------------------------------- database

    def _place(self, place: Place) -> int:
        written = json.dumps([place.file, place.records, place.table, place.row])
        self._places += 1
        self._database.execute("INSERT INTO places VALUES (?, ?)", (self._places, written))
        return self._places

    def _read(self, number: int) -> Place:
        [(written,)] = self._database.execute("SELECT written FROM places WHERE number = ?", (number,))
        file, records, table, row = json.loads(written)
        return Place(file, tuple(records), table, row)

    def _add(self, sighting: Sighting, place: int, origin: str | None) -> None:
        member = sighting.member
        self._database.execute(
            "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sighting.correlation,
                json.dumps(member.group),
                sighting.time,
                sighting.report,
                sighting.device.encode("utf-8", "surrogatepass"),
                sighting.tag,
                json.dumps(member.values),
                json.dumps(member.spelled, default=str),
                place,
                origin,
            ),
        )


_SCHEMA = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = FILE",
    "CREATE TABLE places (number INTEGER PRIMARY KEY, written TEXT)",
    # a report is a number or text, and numbers come first: what SQLite does without a type
    "CREATE TABLE sightings (correlation INT, grp TEXT, time INT, report, device BLOB, tag INT, vals TEXT, spelled TEXT, "
    "place INT, origin TEXT)",
    "CREATE INDEX by_group ON sightings (correlation, grp, time, report, device, tag)",
)
_IN_ORDER = (
    "SELECT grp, time, report, device, tag, vals, spelled, place FROM sightings WHERE correlation = ? "
    "ORDER BY grp, time, report, device, tag, rowid"
)
_WINDOW = (
    "SELECT place, origin, time FROM sightings WHERE correlation = ? AND grp = ? AND time BETWEEN ? AND ? "
    "ORDER BY time, report, device, tag, rowid"
)


@dataclass(frozen=True)
class _Merged:
    """One event of a group, with what all rules that matched it say."""

    time: int
    report: int | str
    device: bytes
    place: int
    event: GroupEvent


def _merged(correlated: Correlated, rows: Iterable[Sequence[Any]]) -> Iterator[_Merged]:
    """A group's sightings, those of one event together: it has one time, report and device."""
    tags = correlated.correlation.tags
    for (time, report, device), same in groupby(rows, key=lambda row: row[1:4]):
        found = list(same)
        values = frozenset(_hashable(value) for row in found for value in json.loads(row[5]))
        spelled = next((given for row in found if (given := json.loads(row[6]))), ())
        event = GroupEvent(
            datetime.min + time * _MICROSECOND,
            device.decode("utf-8", "surrogatepass"),
            report,
            frozenset(tags[row[4]] for row in found),
            values,
            tuple(spelled),
        )
        yield _Merged(time, report, device, found[0][7], event)


def _hashable(value: Any) -> Any:
    """A counted value: a number, or a tuple of texts."""
    return tuple(value) if isinstance(value, list) else value


def _disk_problem(error: sqlite3.OperationalError) -> SigmaXdrError:
    message = f"what the correlations found can't be put aside in {tempfile.gettempdir()}: {error}"
    return SigmaXdrError(Diagnostic("full-disk", message, "make room there, or name another folder in TMPDIR"))
