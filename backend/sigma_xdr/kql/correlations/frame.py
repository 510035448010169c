"""What all kinds of correlation share: the columns, the hits, and the alert made of the moments that complete one.

The device of every query: within a timespan T, an event can only meet events of its own slot ``bin(Timestamp, T)`` and of the
one before. ``Near`` has each hit twice, in its own slot and in the next one, so that an equality join on group and slot finds all
that an event can meet, and a comparison of times decides. No join pairs the hits of a slot with one another: the work grows with the
number of hits, not with its square.

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
#: Columns that the query makes. The local engine, like DuckDB, doesn't tell names apart by case.
_OWN_COLUMNS = re.compile(
    r"(slot|rule|rules|key|seen|value|own|start|first|last|rank|entered|left|from|to"
    r"|eventtimestamp|eventcount|valuecount|firsttimestamp)\d*",
    re.IGNORECASE,
)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_DAY = 86_400


@dataclass(frozen=True)
class Frame:
    """The columns and the recurring clauses of one correlation's query.

    ``prefix`` stands before the name of each let, so that queries can be nested. ``every`` asks for all completing events, not
    for an alert a group and slot.
    """

    correlation: Correlation
    prefix: str
    every: bool

    # --------------------------------------------------------------------------------------------------------- columns

    @cached_property
    def span(self) -> str:
        """The timespan as a KQL literal: ``10m``."""
        return timespan(self.correlation.seconds)

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The columns that make an event: Timestamp, DeviceId where the tables have it, ReportId."""
        columns = self.correlation.sources[0].columns
        return tuple(column for column in ("Timestamp", "DeviceId", "ReportId") if column in columns)

    @cached_property
    def group_columns(self) -> tuple[str, ...]:
        """The group-by columns of the result, quoted where they must be."""
        return tuple(_quoted(name) for name in self.correlation.group_by)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """What a result shows of its event beyond its identity: the sources' further columns, the group-by values."""
        columns = [column for column in self.correlation.sources[0].columns if column not in self.identity]
        return tuple(dict.fromkeys(column for column in (*columns, *self.group_columns) if column not in self.identity))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns that are equal within a group: ``Key1``… for strings (in lower case), the shown ones otherwise."""
        return tuple(
            f"Key{number}" if self._folded(number - 1) else column
            for number, column in enumerate(self.group_columns, start=1)
        )

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The columns of value_count's fields."""
        return tuple(f"Value{number + 1}" for number in range(len(self.correlation.sources[0].values)))

    def by(self, *columns: str) -> str:
        """The group's columns and more, as ``by`` and ``on`` want them."""
        return ", ".join((*self.keys, *columns))

    def _folded(self, index: int) -> bool:
        sources = self.correlation.sources
        return sources[0].key_types[index] == "string" and any(source.keys[index] != "DeviceId" for source in sources)

    # ------------------------------------------------------------------------------------------------------------ text

    def name(self, name: str) -> str:
        """A let's name in this query."""
        return self.prefix + name

    def let(self, name: str, *lines: str, materialized: bool = False) -> str:
        """A let statement; ``materialized`` has Kusto compute it once."""
        first, rest = (f"materialize({lines[0]}", f"{lines[-1]})") if materialized else (lines[0], lines[-1])
        text = "\n".join((first, *lines[1:-1], rest) if len(lines) > 1 else (first,))
        return f"let {self.name(name)} = {text}".replace("\n", "\n    ") + ";"

    def hits(self) -> tuple[str, ...]:
        """``Hits``: identity, shown, keys, values, Slot. Of a counting correlation one row an event (and value); of a temporal one
        a row an event and tag, with the tag's number as ``Rule``.
        """
        sources = self.correlation.sources
        lets = [let for source in sources for let in source.lets]
        names = [self.name(f"Rule{number}") for number in range(1, len(sources) + 1)]
        rows = [self._rows(number, source) for number, source in enumerate(sources, start=1)]
        if len(sources) > 1:
            lets += [self.let(f"Rule{number}", *lines) for number, lines in enumerate(rows, start=1)]
            rows = [(f"union {', '.join(names)}",)]
        lines = [*rows[0], f"| extend Slot = {_slot(self.correlation.seconds)}"]
        if not self.correlation.is_temporal:
            shown = [f"{column} = take_any({column})" for column in self.shown if column not in self.keys]
            kept = dict.fromkeys((*self.identity, *self.keys, *self.values, "Slot"))
            lines.append(f"| summarize {', '.join(shown)}{' ' if shown else ''}by {', '.join(kept)}")
        return (*lets, self.let("Hits", *lines, materialized=True))

    def _rows(self, number: int, source: EventSource) -> tuple[str, ...]:
        """One rule's rows that belong to a group, with the columns of ``Hits`` but Slot."""
        keys = [_same_type(self.correlation, index, source.keys[index]) for index in range(len(source.keys))]
        values = [f"{value}" if kind == "string" else f"tostring({value})" for value, kind in zip(source.values, source.value_types)]
        present = [_present(*typed) for typed in zip(source.keys, source.key_types)] + [f"isnotempty({value})" for value in values]
        columns = {column: column for column in (*self.identity, *self.shown) if column in source.columns}
        for column, expression in zip(self.group_columns, keys):
            if columns.setdefault(column, expression) != expression:
                raise refusal(
                    "correlation-group",
                    f"the group-by field {column} is {expression} in '{source.tag}', and the alert has a column {column} of its own",
                    "give the alias another name",
                    key="aliases",
                )
        columns |= {
            key: f"tolower({expression})" for key, column, expression in zip(self.keys, self.group_columns, keys) if key != column
        }
        columns |= {column: f"{value}" for column, value in zip(self.values, values)}
        if self.correlation.is_temporal:
            columns["Rule"] = str(number)
        project = ", ".join(name if name == expression else f"{name} = {expression}" for name, expression in columns.items())
        where = (f"| where {' and '.join(dict.fromkeys(present))}",) if present else ()
        return (*source.lines, *where, f"| project {project}")

    def near(self) -> str:
        """``Near``: each hit in its own slot and in the next one."""
        hits = self.name("Hits")
        return self.let("Near", f"union {hits}, ({hits} | extend Slot = Slot + {self.span})")

    # ---------------------------------------------------------------------------------------------------------- result

    def result(self, completed: Sequence[str], *, only: str = "") -> CorrelationQuery:
        """The query whose ``completed`` lines give keys, Slot and Timestamp of the moments at which something completes.

        ``only`` is a condition for the hits of such a moment that complete; all of them do by default.
        """
        hits = f"({self.name('Hits')} | where {only})" if only else self.name("Hits")
        join = f"| join kind=inner {hits} on {self.by('Slot', 'Timestamp')}"
        columns = (*self.identity, *self.shown)
        if self.every:
            return CorrelationQuery((), (*completed, join, f"| project {', '.join(columns)}"))
        latest = self.let("Latest", *completed, f"| summarize Timestamp = max(Timestamp) by {self.by('Slot')}")
        alerts = self.let("Alerts", self.name("Latest"), join, *self._last_event())
        alert = ", ".join(dict.fromkeys((*columns, *self.keys)))
        counted = ["FirstTimestamp"]
        met = ", ".join((*self.keys, "Slot", "EventTimestamp = Timestamp", *self.values))
        body = [
            self.name("Alerts"),
            f"| join kind=inner ({self.name('Near')} | project {met}) on {self.by('Slot')}",
            f"| where EventTimestamp >= Timestamp - {self.span} and EventTimestamp <= Timestamp",
        ]
        match self.correlation.kind:
            case "event_count":
                counted = ["EventCount", "FirstTimestamp"]
                body.append(f"| summarize EventCount = count(), FirstTimestamp = min(EventTimestamp) by {alert}")
            case "value_count":
                counted = ["ValueCount", "FirstTimestamp"]
                body.append(f"| summarize FirstTimestamp = min(EventTimestamp) by {alert}, {', '.join(self.values)}")
                body.append(f"| summarize ValueCount = count(), FirstTimestamp = min(FirstTimestamp) by {alert}")
            case _:
                body.append(f"| summarize FirstTimestamp = min(EventTimestamp) by {alert}")
        body.append(f"| project {', '.join((*columns, *counted))}")
        return CorrelationQuery((latest, alerts), tuple(body))

    def _last_event(self) -> list[str]:
        """Of the hits of a moment the one with the greatest ReportId, then DeviceId: least significant first."""
        lines = []
        order = [column for column in ("ReportId", "DeviceId") if column in self.identity and column not in self.keys]
        shown = [column for column in self.shown if column not in self.keys]
        for index, column in reversed(list(enumerate(order))):
            carried = ", ".join([*order[index + 1 :], *shown])
            greatest = f"arg_max({column}, {carried})" if carried else f"{column} = max({column})"
            lines.append(f"| summarize {greatest} by {self.by('Slot', 'Timestamp', *order[:index])}")
        return lines


def timespan(seconds: int) -> str:
    """Seconds as a KQL timespan in the greatest unit that divides them."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _slot(seconds: int) -> str:
    """The start of a Timestamp's slot. Kusto's bins count from the year 1, DuckDB's from 1970: a bin that doesn't divide a day is
    written out."""
    if _DAY % seconds == 0:
        return f"bin(Timestamp, {timespan(seconds)})"
    return f"bin(Timestamp, 1s) - 1s * (datetime_diff('second', Timestamp, datetime(0001-01-01)) % {seconds})"


def _present(expression: str, kind: str) -> str:
    """The condition that an expression has a value. A KQL string is never null."""
    return f"isnotempty({expression})" if kind == "string" else f"isnotnull({expression})"


def _same_type(correlation: Correlation, index: int, expression: str) -> str:
    """A key's expression, in the type that it has for all sources. int and long meet as long; other types don't meet."""
    kinds = {source.key_types[index] for source in correlation.sources}
    if "dynamic" in kinds or (len(kinds) > 1 and kinds != {"int", "long"}):
        raise refusal(
            "correlation-group",
            f"the group-by field {correlation.group_by[index]} is of type "
            + ", ".join(f"{source.key_types[index]} in '{source.tag}'" for source in correlation.sources),
            "group by fields of one type",
            key="group-by",
        )
    return f"tolong({expression})" if kinds == {"int", "long"} else expression


def _quoted(name: str) -> str:
    """A group-by name as a KQL column. Raises RuleError for a name that Kusto or this query can't have."""
    if not _NAME.fullmatch(name):
        raise refusal(
            "correlation-group",
            f"'{name}' is no name for a column",
            "use letters, digits, underscores, spaces, dots and dashes",
            key="group-by",
        )
    if _OWN_COLUMNS.fullmatch(name):
        raise refusal("correlation-group", f"'{name}' is a column that the query makes itself", "give the alias another name", key="group-by")
    return name if _PLAIN.fullmatch(name) else f"['{name}']"
