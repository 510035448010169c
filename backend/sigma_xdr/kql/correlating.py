"""A pySigma correlation rule as a query: its rules mapped one by one, its fields resolved in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.processing.pipeline import ProcessingPipeline

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.correlations import (
    And,
    Correlation,
    CorrelationQuery,
    EventSource,
    Expression,
    Kind,
    Not,
    Operator,
    Or,
    Tag,
    write_correlation,
)
from sigma_xdr.kql.envelope import Deployment, entities, schedule_for
from sigma_xdr.kql.query import fresh, rule_query
from sigma_xdr.pipeline import Expression as ColumnExpression
from sigma_xdr.pipeline import FieldProblem, group_key, log_sources
from sigma_xdr.schema import xdr_schema

__all__ = ["CompiledCorrelation", "correlation_query"]

_KINDS: dict[SigmaCorrelationType, Kind] = {
    SigmaCorrelationType.EVENT_COUNT: "event_count",
    SigmaCorrelationType.VALUE_COUNT: "value_count",
    SigmaCorrelationType.TEMPORAL: "temporal",
    SigmaCorrelationType.TEMPORAL_ORDERED: "temporal_ordered",
}
#: Correlations of correlations of …: each level repeats the text of those below it.
_DEEPEST = 4


@dataclass(frozen=True)
class CompiledCorrelation:
    """A correlation's query. ``tables`` are those that it reads, ``window`` how far it looks back, in seconds."""

    query: CorrelationQuery
    tables: tuple[str, ...]
    window: int
    warnings: tuple[Diagnostic, ...] = ()
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole query, without a comment and without a final line break."""
        return self.query.text

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its result."""
        return tuple(self.query.body[-1].removeprefix("| project ").split(", "))

    @property
    def deployment(self) -> Deployment:
        """What a custom detection needs. Raises RuleError where no schedule looks back far enough."""
        schedule = schedule_for(self.window)
        if schedule is None:
            raise _refusal("correlation-timespan", "no schedule of custom detections looks back so far", "timespan")
        required = xdr_schema().table(self.tables[0]).requires
        return Deployment(
            tuple(column for column in required if column not in self.columns),
            ("correlates events: joins and aggregates",),
            (),
            schedule,
            entities(self.columns),
        )


def correlation_query(rule: SigmaCorrelationRule, pipeline: ProcessingPipeline) -> CompiledCorrelation:
    """The query of a correlation whose references pySigma has resolved.

    The rules that it names are mapped afresh, whatever was done with them before. Raises RuleError.
    """
    return _compile(rule, pipeline, prefix="", every=False, depth=1)


def _compile(
    rule: SigmaCorrelationRule, pipeline: ProcessingPipeline, prefix: str, every: bool, depth: int
) -> CompiledCorrelation:
    if depth > _DEEPEST:
        raise _refusal("correlation-rules", f"correlations nest more than {_DEEPEST} deep, or name themselves", "rules")
    kind = _KINDS.get(rule.type)
    if kind is None:
        raise _refusal(
            "correlation-type",
            f"a correlation of type {rule.type.name.lower()} isn't compiled",
            "type",
            "event_count, value_count, temporal and temporal_ordered are",
        )
    named = _named(rule)
    if not named:
        raise _refusal("correlation-rules", "the correlation names no rule", "rules")
    parts = [
        _Part.of(reference, pipeline, f"{prefix}{_letter(number)}", depth) for number, reference in enumerate(named)
    ]
    counted = _counted_fields(rule)
    sources = tuple(_source(part, rule, counted) for part in parts)
    group_by = tuple(_column_name(name, index, sources) for index, name in enumerate(rule.group_by or ()))
    operator, count, expression = _condition(rule)
    query = write_correlation(
        Correlation(
            kind,
            sources,
            group_by,
            rule.timespan.seconds,
            operator,
            count,
            expression,
        ),
        prefix=prefix,
        every=every,
    )
    return CompiledCorrelation(
        query,
        tuple(dict.fromkeys(table for part in parts for table in part.tables)),
        rule.timespan.seconds + max(part.window for part in parts),
        tuple(warning for part in parts for warning in part.warnings),
        {
            name: (column, sources[0].key_types[index])
            for index, (name, column) in enumerate(zip(rule.group_by or (), group_by, strict=True))
        },
    )


def _named(rule: SigmaCorrelationRule) -> list[SigmaRuleReference]:
    return list(rule.rules if rule.rules is not None else rule.referenced_rules)


def _letter(number: int) -> str:
    return f"{chr(ord('A') + number % 26)}{number // 26 or ''}"


# ---------------------------------------------------------------------------------------------------- what is correlated


@dataclass(frozen=True)
class _Part:
    """One of the rules that a correlation names, as something that events come from."""

    tag: str
    lines: tuple[str, ...]
    lets: tuple[str, ...]
    columns: tuple[str, ...]
    tables: tuple[str, ...]
    window: int
    warnings: tuple[Diagnostic, ...]
    log_source: str | None
    groups: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, reference: SigmaRuleReference, pipeline: ProcessingPipeline, prefix: str, depth: int) -> _Part:
        """The part that a reference names. Raises RuleError that says which one it was."""
        rule = reference.rule
        if isinstance(rule, SigmaCorrelationRule):
            inner = _compile(rule, pipeline, prefix, every=True, depth=depth + 1)
            return cls(
                reference.reference,
                inner.query.body,
                inner.query.lets,
                tuple(column for column in inner.columns if column in _SHOWN),
                inner.tables,
                inner.window,
                inner.warnings,
                None,
                inner.groups,
            )
        query = rule_query(fresh(rule), pipeline)
        columns = tuple(column for column in _SHOWN if column in query.table.columns)
        return cls(
            reference.reference,
            query.conditions,
            (),
            columns,
            (query.table.name,),
            0,
            query.warnings,
            query.log_source,
            {},
        )

    def field(self, name: str, key: str) -> tuple[str, str]:
        """The KQL expression of a Sigma field in this part, and its type."""
        if self.log_source is None:
            if name in self.groups:
                return self.groups[name]
            raise _refusal(
                "correlation-group",
                f"'{self.tag}' is a correlation without the group-by field '{name}'",
                key,
                f"it has {', '.join(self.groups) or 'none'}",
            )
        table = xdr_schema().table(self.tables[0])
        try:
            expression = group_key(name, log_sources()[self.log_source], table)
        except FieldProblem as problem:
            raise _refusal(problem.code, f"in the rule '{self.tag}': {problem.message}", key, problem.hint) from None
        kind = expression.type if isinstance(expression, ColumnExpression) else str(table.column(expression).type)
        return expression, kind


#: What an alert shows of its event, where the tables have it.
_SHOWN = ("Timestamp", "DeviceId", "ReportId", "DeviceName")


def _source(part: _Part, rule: SigmaCorrelationRule, counted: tuple[str, ...]) -> EventSource:
    keys = [part.field(_alias(rule, name, part.tag), "group-by") for name in rule.group_by or ()]
    values = [part.field(_alias(rule, name, part.tag), "condition") for name in counted]
    return EventSource(
        part.tag,
        part.lines,
        tuple(expression for expression, _ in keys),
        tuple(kind for _, kind in keys),
        tuple(expression for expression, _ in values),
        tuple(kind for _, kind in values),
        part.lets,
        part.columns,
    )


def _alias(rule: SigmaCorrelationRule, name: str, tag: str) -> str:
    """The field that a name stands for in the rule of that tag."""
    alias = rule.aliases.aliases.get(name)
    if alias is None:
        return name
    for reference, meant in alias.mapping.items():
        if reference.reference == tag:
            return str(meant)
    raise _refusal(
        "correlation-alias",
        f"the alias '{name}' doesn't say which field it is in '{tag}'",
        "aliases",
        f"add {tag}: FIELD",
    )


def _column_name(name: str, index: int, sources: tuple[EventSource, ...]) -> str:
    """A group-by value's column in the result: the XDR column where all rules read the same, else the rule's own name."""
    expressions = {source.keys[index] for source in sources}
    only = next(iter(expressions))
    return only if len(expressions) == 1 and only.isidentifier() else name


def _counted_fields(rule: SigmaCorrelationRule) -> tuple[str, ...]:
    if rule.type is not SigmaCorrelationType.VALUE_COUNT or isinstance(
        rule.condition, SigmaExtendedCorrelationCondition
    ):
        return ()
    fields = rule.condition.fieldref
    return tuple([fields] if isinstance(fields, str) else fields or ())


# ------------------------------------------------------------------------------------------------------------- condition


def _condition(rule: SigmaCorrelationRule) -> tuple[Operator, int, Expression | None]:
    condition = rule.condition
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        return "gte", 1, _expression(condition.parsed)
    return cast(Operator, condition.op.name.lower()), condition.count, None


def _expression(item: CorrelationConditionItem | SigmaRuleReference) -> Expression:
    match item:
        case SigmaRuleReference():
            return Tag(item.reference)
        case CorrelationConditionNOT():
            return Not(_expression(item.args[0]))
        case CorrelationConditionAND():
            return And(tuple(_operands(item)))
        case CorrelationConditionOR():
            return Or(tuple(_operands(item)))
    raise TypeError(f"no correlation condition: {item!r}")


def _operands(item: CorrelationConditionItem) -> Iterator[Expression]:
    for arg in item.args:
        yield _expression(arg)


def _refusal(code: str, message: str, key: str, hint: str | None = None) -> RuleError:
    return RuleError(Diagnostic(code, message, hint, keys=("correlation", key)))
