"""What all kinds of correlation share: the columns, the hits, and the alert made of the moments that complete one.

The device of every query: within a timespan T, an event can only meet events of its own slot ``bin(Timestamp, T)``
and of the one before. ``Near`` has each hit twice, in its own slot and in the next one, so that an equality join on
group and slot finds all that an event can meet, and a comparison of times decides. No join pairs the hits of a slot
with one another: the work grows with the number of hits, not with its square.

Only what Kusto and the local engine read alike is used: no serialize, prev, scan, mv-apply, range, minif.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sigma_xdr.kql.correlations.definition import Correlation, CorrelationQuery, EventSource, refusal

__all__ = ["Frame"]

#: Kusto's entity names: letters, digits, underscores, spaces, dots, dashes. A plain one with a capital is no keyword.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,127}")
_PLAIN = re.compile(r"(?=.*[A-Z])[A-Za-z_][A-Za-z0-9_]*")
#: Columns that the queries make, and that joins make of them by a number.
_OWN_COLUMN = re.compile(
    r"(slot|rule|rules|key|seen|value|own|start|first|last|rank|entered|left|from|to"
    r"|eventtimestamp|eventcount|valuecount|firsttimestamp)\d*"
)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_DAY = 86_400


@dataclass(frozen=True)
class Frame:
    """The columns and the recurring clauses of one correlation's query.

    ``prefix`` stands before the name of each let, so that queries can be nested. ``every`` asks for all completing
    events, not for an alert a group and slot.
    """

    correlation: Correlation
    prefix: str
    every: bool

    # --------------------------------------------------------------------------------------------------------- columns

    @cached_property
    def span(self) -> str:
        """The timespan as a KQL literal: ``10m``."""
        return _timespan(self.correlation.seconds)

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The columns that make an event: Timestamp, DeviceId where the tables have it, ReportId."""
        columns = self.correlation.sources[0].columns
        return tuple(column for column in ("Timestamp", "DeviceId", "ReportId") if column in columns)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The group-by columns of the result, quoted where they must be."""
        taken = {column.lower(): column for column in self.correlation.sources[0].columns}
        return tuple(_group_column(name, taken) for name in self.correlation.group_by)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """What a result shows of its event beyond its identity: the sources' further columns, the group-by values."""
        columns = dict.fromkeys((*self.correlation.sources[0].columns, *self.groups))
        return tuple(column for column in columns if column not in self.identity)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns that are equal within a group: ``Key1``… for strings (in lower case, but a DeviceId), the shown
        ones otherwise.
        """
        sources = self.correlation.sources
        return tuple(
            f"Key{index + 1}"
            if sources[0].key_types[index] == "string" and any(source.keys[index] != "DeviceId" for source in sources)
            else column
            for index, column in enumerate(self.groups)
        )

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The columns of value_count's fields."""
        return tuple(f"Value{index + 1}" for index in range(len(self.correlation.sources[0].values)))

    def by(self, *columns: str) -> str:
        """The group's columns and more, as ``by`` and ``on`` want them."""
        return ", ".join((*self.keys, *columns))

    # ------------------------------------------------------------------------------------------------------------ hits

    def name(self, name: str) -> str:
        """A let's name in this query."""
        return self.prefix + name

    def let(self, name: str, *lines: str, materialized: bool = False) -> str:
        """A let statement; ``materialized`` has Kusto compute it once."""
        query = "\n".join(lines)
        statement = f"let {self.name(name)} = {f'materialize({query})' if materialized else query};"
        return statement.replace("\n", "\n    ")

    def hits(self) -> tuple[str, ...]:
        """``Hits``: identity, shown, keys, values, Slot.

        Of a counting correlation one row an event (and value), of a temporal one a row an event and tag, with the
        tag's number as ``Rule``.
        """
        sources = self.correlation.sources
        lets = [let for source in sources for let in source.lets]
        lines = self._rows(1, sources[0])
        if len(sources) > 1:
            lets += [self.let(f"Rule{number}", *self._rows(number, source)) for number, source in enumerate(sources, 1)]
            lines = [f"union {', '.join(self.name(f'Rule{number}') for number in range(1, len(sources) + 1))}"]
        lines.append(f"| extend Slot = {_slot(self.correlation.seconds)}")
        if not self.correlation.is_temporal:
            shown = ", ".join(f"{column} = take_any({column})" for column in self.shown if column not in self.keys)
            by = ", ".join(dict.fromkeys((*self.identity, *self.keys, *self.values, "Slot")))
            lines.append(f"| summarize {shown} by {by}" if shown else f"| distinct {by}")
        return (*lets, self.let("Hits", *lines, materialized=True))

    def _rows(self, number: int, source: EventSource) -> list[str]:
        """One rule's rows that belong to a group, with the columns of ``Hits`` but Slot."""
        keys = [_one_type(self.correlation, index, key) for index, key in enumerate(source.keys)]
        values = [
            value if kind == "string" else f"tostring({value})"
            for value, kind in zip(source.values, source.value_types, strict=True)
        ]
        columns = {column: column for column in (*self.identity, *self.shown) if column in source.columns}
        for column, key in zip(self.groups, keys, strict=True):
            if columns.setdefault(column, key) != key:
                raise refusal(
                    "correlation-group",
                    f"{column} is the event's own column, and the group-by field of that name is {key} in '{source.tag}'",
                    "give the alias another name",
                    key="group-by",
                )
        columns |= {
            own: key if key == "DeviceId" else f"tolower({key})"
            for own, shown, key in zip(self.keys, self.groups, keys, strict=True)
            if own != shown
        }
        columns |= {own: f"tolower({value})" for own, value in zip(self.values, values, strict=True)}
        if self.correlation.is_temporal:
            columns["Rule"] = str(number)
        present = [
            f"isnotempty({key})" if kind == "string" else f"isnotnull({key})"  # a KQL string is never null
            for key, kind in zip(source.keys, source.key_types, strict=True)
        ] + [f"isnotempty({value})" for value in values]
        return [
            *source.lines,
            *([f"| where {' and '.join(dict.fromkeys(present))}"] if present else []),
            f"| project {', '.join(own if own == text else f'{own} = {text}' for own, text in columns.items())}",
        ]

    def near(self) -> str:
        """``Near``: each hit in its own slot and in the next one."""
        hits = self.name("Hits")
        return self.let("Near", f"union {hits}, ({hits} | extend Slot = Slot + {self.span})")

    # ---------------------------------------------------------------------------------------------------------- result

    def result(self, lets: Sequence[str], completed: Sequence[str], *, only: str = "") -> CorrelationQuery:
        """The query whose ``completed`` lines, after ``lets``, give the moments (keys, Slot, Timestamp) at which
        events complete.

        ``only`` is a condition for the hits of such a moment that complete; all of them do by default.
        """
        hits = f"({self.name('Hits')} | where {only})" if only else self.name("Hits")
        join = f"| join kind=inner {hits} on {self.by('Slot', 'Timestamp')}"
        columns = (*self.identity, *self.shown)
        if self.every:
            return CorrelationQuery(tuple(lets), (*completed, join, f"| project {', '.join(columns)}"))
        latest = self.let("Latest", *completed, f"| summarize Timestamp = max(Timestamp) by {self.by('Slot')}")
        alerts = self.let("Alerts", self.name("Latest"), join, *self._last_event())
        met = ", ".join((*self.keys, "Slot", "EventTimestamp = Timestamp", *self.values))
        summed, counted = self._summed(", ".join(dict.fromkeys((*columns, *self.keys))))
        body = (
            self.name("Alerts"),
            f"| join kind=inner ({self.name('Near')} | project {met}) on {self.by('Slot')}",
            f"| where EventTimestamp >= Timestamp - {self.span} and EventTimestamp <= Timestamp",
            *summed,
            f"| project {', '.join((*columns, *counted))}",
        )
        return CorrelationQuery((*lets, latest, alerts), body)

    def _last_event(self) -> list[str]:
        """Of the hits of a moment the one with the greatest ReportId, then DeviceId: the least significant first."""
        order = [column for column in ("ReportId", "DeviceId") if column in self.identity and column not in self.keys]
        shown = [column for column in self.shown if column not in self.keys]
        lines = []
        for index, column in reversed(list(enumerate(order))):
            carried = ", ".join((*order[index + 1 :], *shown))
            greatest = f"arg_max({column}, {carried})" if carried else f"{column} = max({column})"
            lines.append(f"| summarize {greatest} by {self.by('Slot', 'Timestamp', *order[:index])}")
        return lines

    def _summed(self, alert: str) -> tuple[list[str], list[str]]:
        """The clauses that sum up the window of each alert, and the columns that they give."""
        first = "FirstTimestamp = min(EventTimestamp)"
        match self.correlation.kind:
            case "event_count":
                return [f"| summarize EventCount = count(), {first} by {alert}"], ["EventCount", "FirstTimestamp"]
            case "value_count":
                lines = [
                    f"| summarize {first} by {alert}, {', '.join(self.values)}",
                    f"| summarize ValueCount = count(), FirstTimestamp = min(FirstTimestamp) by {alert}",
                ]
                return lines, ["ValueCount", "FirstTimestamp"]
            case _:
                return [f"| summarize {first} by {alert}"], ["FirstTimestamp"]


def _timespan(seconds: int) -> str:
    """Seconds as a KQL timespan in the greatest unit that divides them."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _slot(seconds: int) -> str:
    """The start of a Timestamp's slot. Kusto's bins count from the year 1, the local engine's from 1970: where that
    makes a difference, the bin is written out.
    """
    if _DAY % seconds == 0:
        return f"bin(Timestamp, {_timespan(seconds)})"
    return f"bin(Timestamp, 1s) - 1s * (datetime_diff('second', Timestamp, datetime(0001-01-01)) % {seconds})"


def _one_type(correlation: Correlation, index: int, key: str) -> str:
    """A key in the type that it has in all sources. int and long meet as long; other types don't meet."""
    kinds = {source.key_types[index] for source in correlation.sources}
    if "dynamic" in kinds or (len(kinds) > 1 and kinds != {"int", "long"}):
        which = ", ".join(f"{source.key_types[index]} in '{source.tag}'" for source in correlation.sources)
        raise refusal(
            "correlation-group",
            f"the group-by field {correlation.group_by[index]} is {which}",
            "group by fields of one type",
            key="group-by",
        )
    return f"tolong({key})" if kinds == {"int", "long"} else key


def _group_column(name: str, taken: dict[str, str]) -> str:
    """A group-by name as a KQL column. ``taken`` are the event's columns, by their names in lower case."""
    problem = None
    if not _NAME.fullmatch(name):
        problem = "is no name for a column", "use letters, digits, underscores, spaces, dots and dashes"
    elif _OWN_COLUMN.fullmatch(name.lower()):
        problem = "is a column that the query makes itself", "give the alias another name"
    elif taken.get(name.lower(), name) != name:  # the local engine doesn't tell names apart by case
        problem = f"differs from the column {taken[name.lower()]} in nothing but case", "give the alias another name"
    if problem:
        raise refusal("correlation-group", f"'{name}' {problem[0]}", problem[1], key="group-by")
    return name if _PLAIN.fullmatch(name) else f"['{name}']"
