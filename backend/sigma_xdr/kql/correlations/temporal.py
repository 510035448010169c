"""temporal and temporal_ordered: which rules' events a sliding window holds, and in which order.

Whether a window that ends at *t* holds an event with a tag is known from two times: the tag's first in the slot of
*t* (it is there from then on) and its last in the slot before (it is there for a timespan from then). So a tag, in a
slot, is a pair of *spans* of time, and a moment has the tags whose spans it lies in.

A chain of tags in order is cut by the slot's edge: its first *j* events lie in the slot before, the others in the
slot. For each *j* the best events are known one after another. Forward from the edge, the earliest event of each tag
that isn't before the last one's gives the time from which the rest of the chain is complete; backward from the edge,
the latest event of each tag that isn't after the next one's gives the latest start. An event with the last tag
completes the chain if it lies in one of these spans.
"""

from __future__ import annotations

from sigma_xdr.kql.correlations.definition import OPERATORS, And, CorrelationQuery, Expression, Not, Or, Tag
from sigma_xdr.kql.correlations.frame import Frame

__all__ = ["ordered_query", "temporal_query"]


def temporal_query(frame: Frame) -> CorrelationQuery:
    """The query of a temporal correlation."""
    hits, by = frame.name("Hits"), frame.by("Slot", "Rule")
    following = f"Slot = Slot + {frame.span}, To = To + {frame.span}"
    spans = frame.let(
        "Spans",
        f"union ({hits} | summarize From = min(Timestamp) by {by} | extend To = Slot + {frame.span}),",
        f"    ({hits} | summarize To = max(Timestamp) by {by} | extend {following} | extend From = Slot)",
    )
    completed = (
        hits,
        f"| distinct {frame.by('Slot', 'Timestamp')}",
        f"| join kind=inner {frame.name('Spans')} on {frame.by('Slot')}",
        "| where Timestamp >= From and Timestamp <= To",
        *_condition(frame),
    )
    return frame.result([*_hits(frame), spans], completed)


def _hits(frame: Frame) -> tuple[str, ...]:
    return (*frame.hits(), *(() if frame.every else (frame.near(),)))


def _condition(frame: Frame) -> list[str]:
    """The clauses that leave the moments whose tags satisfy the condition."""
    correlation, by = frame.correlation, frame.by("Slot", "Timestamp")
    if correlation.expression is None:
        return [
            f"| distinct {by}, Rule",
            f"| summarize Rules = count() by {by}",
            f"| where Rules {OPERATORS[correlation.operator][0]} {correlation.count}",
        ]
    columns = {source.tag: f"Seen{number}" for number, source in enumerate(correlation.sources, start=1)}
    counts = ", ".join(f"Seen{number} = countif(Rule == {number})" for number in range(1, len(columns) + 1))
    return [f"| summarize {counts} by {by}", f"| where {_text(correlation.expression, columns)}"]


def _text(expression: Expression, columns: dict[str, str]) -> str:
    match expression:
        case Tag(name):
            return f"{columns[name]} > 0"
        case Not(Tag(name)):
            return f"{columns[name]} == 0"
        case Not(operand):
            return f"not({_text(operand, columns)})"
        case And(operands):
            return " and ".join(_operand(operand, columns) for operand in operands)
        case Or(operands):
            return " or ".join(_operand(operand, columns) for operand in operands)


def _operand(expression: Expression, columns: dict[str, str]) -> str:
    text = _text(expression, columns)
    return f"({text})" if isinstance(expression, (And, Or)) else text


def ordered_query(frame: Frame) -> CorrelationQuery:
    """The query of a temporal_ordered correlation of two or more rules."""
    rules = len(frame.correlation.sources)
    last = f"Rule == {rules}"
    splits = [frame.let(f"Split{before}", *_split(frame, before)) for before in range(rules)]
    completed = (
        f"union {', '.join(frame.name(f'Split{before}') for before in range(rules))}",
        f"| join kind=inner ({frame.name('Hits')} | where {last}) on {frame.by('Slot')}",
        "| where Timestamp >= From and Timestamp <= To",
        f"| distinct {frame.by('Slot', 'Timestamp')}",
    )
    return frame.result([*_hits(frame), *splits], completed, only=last)


def _split(frame: Frame, before: int) -> list[str]:
    """The span, by slot, in which the last rule's event completes a chain whose first ``before`` events lie in the
    slot before.
    """
    rules = len(frame.correlation.sources)
    forward = _forward(frame, range(before + 1, rules))
    backward = _backward(frame, range(before, 0, -1))
    if not backward:
        return [*forward, f"| extend To = Slot + {frame.span}"]
    if not forward:
        return [*backward, "| extend From = Slot"]
    before_it = "\n    ".join(backward)
    return [*forward, f"| join kind=inner ({before_it}) on {frame.by('Slot')}"]


def _forward(frame: Frame, stages: range) -> list[str]:
    """From: the earliest end of a chain of these rules within the slot."""
    hits, by = frame.name("Hits"), frame.by("Slot")
    lines: list[str] = []
    for stage in stages:
        if not lines:
            lines += [hits, f"| where Rule == {stage}"]
        else:
            lines += [f"| join kind=inner ({hits} | where Rule == {stage}) on {by}", "| where Timestamp >= From"]
        lines.append(f"| summarize From = min(Timestamp) by {by}")
    return lines


def _backward(frame: Frame, stages: range) -> list[str]:
    """To: the latest start of a chain of these rules (last one first) within the slot before, and a timespan."""
    hits, by = frame.name("Hits"), frame.by("Slot")
    lines: list[str] = []
    for stage in stages:
        if not lines:
            lines += [hits, f"| where Rule == {stage}"]
        else:
            lines += [f"| join kind=inner ({hits} | where Rule == {stage}) on {by}", "| where Timestamp <= To"]
        lines.append(f"| summarize To = max(Timestamp) by {by}")
    return [*lines, f"| extend Slot = Slot + {frame.span}, To = To + {frame.span}"] if lines else []
