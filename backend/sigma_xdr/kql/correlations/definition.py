"""What a Sigma correlation means here. The KQL and the evaluator are both held to this page.

**Events.** A correlation names rules, each with a *tag*. Its events are the rows that these rules select. Rows with
the same Timestamp, DeviceId and ReportId are one event: that is how Defender itself finds an event. So a row that was
stored twice counts once, and so does an event that several of the rules match; it then has all of their tags.

**Groups.** An event belongs to the group of its group-by values, each read from the field that the alias gives for
the rule that matched it (an event can so belong to two groups). A row in which one of them is empty or null belongs
to no group. Strings are compared as Sigma compares them, without case (``tolower``; beyond ASCII Kusto's case folding
isn't documented); DeviceId as it stands. Without group-by there is one group.

**Windows.** The window of an event at time *t* holds the events of its group with times in [*t* - timespan, *t*],
both ends included: events of the same instant see each other, whatever their order in the table. An event *completes*
the correlation when its window satisfies the condition:

- *event_count*: the number of events.
- *value_count*: the number of distinct values of the field, strings without case. Rows without a value (empty or
  null) are none of its events. Of several fields the combinations count, of rows that have all of them. A value counts in
  the group that the same rule reads in the same row.
- *temporal*: the number of distinct tags (all of them, if the rule doesn't say), or a boolean expression in which a
  tag is true if an event of the window has it. ``not`` looks back, like everything else: what comes after the event
  isn't known yet.
- *temporal_ordered*: the event has the last tag, and the window holds an event for each earlier tag, in the rule's
  order, their times not decreasing. Equal times are in order. An event with several tags can stand for all of them.

A condition is tested at events only: "fewer than 5" needs at least one.

**Alerts.** Time is cut into slots, ``bin(Timestamp, timespan)``. There is one alert for each group and slot with a
completing event: the last one, by Timestamp, then ReportId, then DeviceId. The alert shows its Timestamp, DeviceId
and ReportId, and its spelling of the group-by values (one of them, where it has several). Slots only thin out the
alerts; a window crosses them freely.

**Correlations of correlations.** A correlation that another one names stands for all of its completing events, each
with the group-by values as its columns. It doesn't stand for its alerts: an alert lies at the end of its slot, so an
event that follows the first complete burst would seem to come before it.

Kusto's times have ticks of 100 ns, DuckDB's of 1 µs. Kusto's lists end at 1,048,576 elements (``make_list``), so counts
are exact up to 500,000 events of one group in two neighbouring slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Literal

from sigma_xdr.errors import Diagnostic, RuleError

__all__ = [
    "And",
    "Correlation",
    "CorrelationQuery",
    "EventSource",
    "Expression",
    "Kind",
    "Not",
    "Operator",
    "Or",
    "Tag",
    "check",
]

Kind = Literal["event_count", "value_count", "temporal", "temporal_ordered"]
Operator = Literal["gte", "gt", "eq", "neq", "lt", "lte"]

#: KQL's text and Python's function for each of Sigma's operators.
OPERATORS: Mapping[Operator, tuple[str, Callable[[int, int], bool]]] = {
    "gte": (">=", ge),
    "gt": (">", gt),
    "eq": ("==", eq),
    "neq": ("!=", ne),
    "lt": ("<", lt),
    "lte": ("<=", le),
}
#: No rule looks back further (Microsoft, "Create custom detection rules": a daily rule reads 30 days).
LONGEST_TIMESPAN = 30 * 86_400
#: An event is at most twice in one list of a counting query, and Kusto's make_list ends at 1,048,576 elements.
HIGHEST_COUNT = 500_000
#: The KQL of an ordered chain grows with the square of its rules.
MOST_ORDERED = 10


@dataclass(frozen=True)
class Tag:
    """True if an event of the window has the tag."""

    name: str


@dataclass(frozen=True)
class Not:
    """True if the operand is false."""

    operand: Expression


@dataclass(frozen=True)
class And:
    """True if all operands are."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """True if one of the operands is."""

    operands: tuple[Expression, ...]


Expression = Tag | Not | And | Or


@dataclass(frozen=True)
class EventSource:
    """The rows of one rule that a correlation names.

    ``tag`` is how the correlation names the rule. ``lines`` are its query without the final projection, a clause
    each, and ``lets`` complete let statements that they use. ``keys`` are KQL expressions for the group-by values, in
    the order of ``Correlation.group_by``, and ``key_types`` their scalar types; ``values`` and ``value_types`` those
    of value_count's fields. ``columns`` are what an alert shows of the row: Timestamp and ReportId, DeviceId where
    the table has it, and whatever else is worth showing.
    """

    tag: str
    lines: tuple[str, ...]
    keys: tuple[str, ...] = ()
    key_types: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    value_types: tuple[str, ...] = ()
    lets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("Timestamp", "DeviceId", "ReportId", "DeviceName")


@dataclass(frozen=True)
class Correlation:
    """A Sigma correlation with its fields resolved. ``group_by`` are the names of the result's columns, ``seconds``
    the timespan.

    A temporal correlation has an ``expression`` over tags, or the number of tags that it wants (``operator``,
    ``count``).
    """

    kind: Kind
    sources: tuple[EventSource, ...]
    group_by: tuple[str, ...]
    seconds: int
    operator: Operator = "gte"
    count: int = 1
    expression: Expression | None = None

    @property
    def is_temporal(self) -> bool:
        """Whether it asks for tags, not for a number of events or values."""
        return self.kind in ("temporal", "temporal_ordered")


@dataclass(frozen=True)
class CorrelationQuery:
    """KQL: complete let statements, and the lines of the query proper."""

    lets: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole query, without a final line break."""
        return "\n".join((*self.lets, *self.body))


def check(correlation: Correlation) -> None:
    """Raise RuleError for a correlation that can't be said, or that can never fire."""
    if not correlation.sources:
        raise refusal("correlation-rules", "the correlation names no rule", key="rules")
    if not 0 < correlation.seconds <= LONGEST_TIMESPAN:
        raise refusal(
            "correlation-timespan",
            "a timespan is one second to 30 days: no detection looks back further",
            "shorten the timespan",
            key="timespan",
        )
    if len({frozenset(source.columns) for source in correlation.sources}) > 1:
        raise refusal(
            "correlation-tables",
            "the rules read tables whose events are identified by different columns",
            "correlate Device tables with Device tables, others among themselves",
            key="rules",
        )
    for name in correlation.group_by:
        if name in ("Timestamp", "ReportId"):
            raise refusal("correlation-group", f"grouped by {name}, each event is alone", key="group-by")
    twice = _repeated(name.lower() for name in correlation.group_by)
    if twice is not None:
        raise refusal("correlation-group", f"the correlation is grouped by '{twice}' twice", key="group-by")
    if correlation.is_temporal:
        _check_tags(correlation)
    _check_count(correlation)


def _check_tags(correlation: Correlation) -> None:
    tags = [source.tag for source in correlation.sources]
    twice = _repeated(tags)
    if twice is not None:
        raise refusal("correlation-rules", f"the correlation names '{twice}' twice", key="rules")
    if correlation.expression is not None:
        known = set(tags)
        unknown = next((tag for tag in tags_of(correlation.expression) if tag not in known), None)
        if unknown is not None:
            raise refusal("correlation-condition", f"the condition names '{unknown}', the correlation's rules don't")
    if correlation.kind != "temporal_ordered":
        return
    if len(tags) > MOST_ORDERED:
        raise refusal("correlation-rules", f"more than {MOST_ORDERED} rules in order make no usable query", key="rules")
    if not _wants_all_tags(correlation):
        raise refusal(
            "correlation-condition",
            "an ordered correlation needs all of its rules: which of them come in order isn't said otherwise",
            "leave the condition out, or use type temporal",
        )


def _wants_all_tags(correlation: Correlation) -> bool:
    tags = {source.tag for source in correlation.sources}
    match correlation.expression:
        case None:
            _, holds = OPERATORS[correlation.operator]
            return [number for number in range(len(tags) + 1) if holds(number, correlation.count)] == [len(tags)]
        case Tag(name):
            return {name} == tags
        case And(operands):
            return all(isinstance(operand, Tag) for operand in operands) and set(tags_of(And(operands))) == tags
    return False


def _check_count(correlation: Correlation) -> None:
    if correlation.expression is not None:
        return
    text, holds = OPERATORS[correlation.operator]
    if correlation.count > HIGHEST_COUNT:
        raise refusal("correlation-condition", f"a window can't be counted beyond {HIGHEST_COUNT:,}")
    possible = range(1, (len(correlation.sources) if correlation.is_temporal else max(correlation.count, 0) + 1) + 1)
    if not any(holds(number, correlation.count) for number in possible):
        what = {"event_count": "events", "value_count": "values"}.get(correlation.kind, "rules")
        raise refusal(
            "correlation-condition",
            f"the condition can never hold: no window that is looked at has {text} {correlation.count} {what}",
            f"a window holds at least the event that it ends with, and at most {len(correlation.sources)} rules"
            if correlation.is_temporal
            else "a window holds at least the event that it ends with",
        )


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that comes a second time."""
    return next((name for name, times in Counter(names).items() if times > 1), None)


def tags_of(expression: Expression) -> Iterator[str]:
    """The tags that an expression names, in its order, with repetitions."""
    match expression:
        case Tag(name):
            yield name
        case Not(operand):
            yield from tags_of(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from tags_of(operand)


def refusal(code: str, message: str, hint: str | None = None, *, key: str = "condition") -> RuleError:
    """The error for a correlation that can't be compiled; ``key`` is the part of its ``correlation`` section that is
    meant.
    """
    return RuleError(Diagnostic(code, message, hint, keys=("correlation", key)))
