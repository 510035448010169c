"""The pipeline's steps: from a rule in Sigma's names to a rule on the columns of one XDR table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    SigmaCondition,
)
from sigma.correlations import SigmaCorrelationRule
from sigma.modifiers import SigmaBase64Modifier, SigmaBase64OffsetModifier, SigmaCaseSensitiveModifier
from sigma.processing.transformations.base import PreprocessingTransformation
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import Placeholder, SigmaCIDRExpression, SigmaExpansion, SigmaRegularExpression, SigmaString, SigmaType

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.pipeline.fields import (
    ActionTypes,
    AdditionalField,
    Column,
    Context,
    Enumerated,
    FieldMapping,
    FieldProblem,
)
from sigma_xdr.pipeline.items import Mapped, NegatedDetection, WithinHours, text_item
from sigma_xdr.pipeline.log_sources import DEFENDER, REFUSED, LogSource, category_of_event, log_sources
from sigma_xdr.rules.site import NETWORKS
from sigma_xdr.rules.working_hours import PLACEHOLDER, working_hours
from sigma_xdr.schema import Table, nearest, xdr_schema

__all__ = ["ExpandPlaceholders", "MapFields", "find_log_source", "group_key", "resolve_field"]


# ----------------------------------------------------------------------------------------------------------- log source


def find_log_source(rule: SigmaRule) -> LogSource:
    """The log source of a rule.

    Raises :class:`FieldProblem` where Defender has nothing of the kind.
    """
    source = rule.logsource
    name = f"{source.category or source.service or source.product}"
    if (source.product or "").lower() != "windows":
        raise FieldProblem(
            "unknown-log-source",
            f"the log source's product is '{source.product}'; Defender's tables are mapped for windows",
            "write product: windows",
        )
    if source.service == DEFENDER:
        return _known(source.category or "", [each for each in log_sources() if log_sources()[each].action_types == ()])
    if source.category is None and source.service == "sysmon":
        return _by_event(rule)
    if source.category is None and source.service == "security":
        _check_events(rule, log_sources()["security"])
        return log_sources()["security"]
    if source.category == "process_access":
        _check_lsass(rule)
    if name in REFUSED:
        raise FieldProblem("lost-log-source", f"Defender can't answer '{name}': {REFUSED[name]}")
    if source.category is None or (source.service and source.service != "sysmon"):
        raise FieldProblem(
            "lost-log-source",
            f"Defender can't answer the log source '{source.service or name}': "
            "its hunting tables hold none of that log's events",
            "see what it holds: sigma-xdr fields",
        )
    return _known(source.category, [each for each, known in log_sources().items() if known.action_types])


def _known(category: str, known: list[str]) -> LogSource:
    if category in known and category != "security":
        return log_sources()[category]
    like = ["service: security"] if category == "security" else nearest(category, known)
    raise FieldProblem(
        "unknown-log-source",
        f"'{category}' is no log source that Defender's tables answer",
        f"did you mean {' or '.join(like)}?" if like else f"known: {', '.join(known)}",
    )


def _event_ids(rule: SigmaRule) -> list[str]:
    return list(dict.fromkeys(str(value) for item in _items(rule) if item.field == "EventID" for value in item.value))


def _by_event(rule: SigmaRule) -> LogSource:
    """The log source that a rule on Sysmon's whole log means by its event ids."""
    events = _event_ids(rule)
    categories = {category_of_event().get(event) for event in events}
    if not events:
        raise FieldProblem("unknown-event", "the rule reads Sysmon's whole log and names no EventID", "name a category")
    if None in categories or len(categories) > 1:
        raise FieldProblem(
            "unknown-event",
            f"Sysmon's events {', '.join(events)} are not of one table of Defender",
            "name a category, one rule a table",
        )
    source = log_sources()[str(categories.pop())]
    if source.name == "process_access":
        _check_lsass(rule)
    return source


def _check_events(rule: SigmaRule, source: LogSource) -> None:
    events = _event_ids(rule)
    lost = [event for event in events if event not in source.events]
    if lost or not events:
        named = f"event {', '.join(lost)}" if lost else "a rule that names no EventID"
        raise FieldProblem(
            "unknown-event",
            f"Defender's tables don't hold {named} of the {source.name.title()} log",
            f"they hold {', '.join(source.events)}",
        )


def _check_lsass(rule: SigmaRule) -> None:
    """Of process access Defender records lsass.exe's alone: a rule must say so, or it promises what isn't there."""
    if not any(_asks_for_lsass(condition.parsed) for condition in rule.detection.parsed_condition):
        raise FieldProblem(
            "lost-log-source",
            "Defender records the opening of lsass.exe alone (OpenProcessApiCall), and the rule doesn't ask for it",
            r"add TargetImage|endswith: '\lsass.exe'",
        )


def _asks_for_lsass(condition: Any, negated: bool = False) -> bool:
    """Whether a parsed condition names lsass as a target outside of what it excludes."""
    match condition:
        case ConditionNOT(args=[excluded]):
            return _asks_for_lsass(excluded, not negated)
        case ConditionAND(args=args) | ConditionOR(args=args):
            return any(_asks_for_lsass(arg, negated) for arg in args)
        case ConditionFieldEqualsValueExpression(field="TargetImage", value=SigmaExpansion(values=values)):
            return not negated and any("lsass" in str(value).lower() for value in values)
        case ConditionFieldEqualsValueExpression(field="TargetImage", value=SigmaString() as value):
            return not negated and "lsass" in str(value).lower()
    return False


def _items(rule: SigmaRule) -> Iterator[SigmaDetectionItem]:
    def walk(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                yield from walk(item)
            else:
                yield item

    for detection in rule.detection.detections.values():
        yield from walk(detection)


# --------------------------------------------------------------------------------------------------------------- fields


def resolve_field(name: str, source: LogSource, table: Table) -> FieldMapping:
    """What a field of a rule is in XDR: the log source's mapping, a column by its own name, or a key of AdditionalFields.

    Raises :class:`FieldProblem`: ``unknown-field`` with the nearest names, ``unknown-event`` where there are no events to name.
    """
    if (mapping := source.fields.get(name)) is not None:
        return mapping
    if name == "EventID" and not source.events:
        raise FieldProblem(
            "unknown-event", f"the rows of '{source.name}' don't tell one event of Windows", "leave EventID out"
        )
    if name == "EventID":
        return Enumerated("ActionType", source.events, "unknown-event")
    if name == "ActionType":
        return ActionTypes.of(table)
    if name in table.columns:
        return Column(name)
    if name.startswith("AdditionalFields.") and "AdditionalFields" in table.columns:
        return AdditionalField(name.removeprefix("AdditionalFields."))
    like = nearest(name, [*source.fields, *table.columns], limit=1)
    known = source.fields.get(like[0]) if like else None
    column = f" (column {known.columns[0]} of {table.name})" if known and known.columns else ""
    raise FieldProblem(
        "unknown-field",
        f"'{name}' is no field of {source.name}",
        f"did you mean {like[0]}{column}?" if like else f"list them: sigma-xdr fields {source.name}",
    )


def group_key(name: str, source: LogSource, table: Table) -> str:
    """The column or expression by which a correlation groups. Raises :class:`FieldProblem`."""
    context = Context(name, table, None, False, lambda other: resolve_field(other, source, table))
    return resolve_field(name, source, table).key(context)


@dataclass
class MapFields(PreprocessingTransformation):
    """The step from Sigma's names to XDR's. All problems of a rule are raised together.

    The rule comes out with fields that are columns of one table (or expressions over them), values of the columns' types,
    and each condition narrowed to the log source's ActionTypes. The pipeline's state holds ``query_table`` (the table's
    name), ``log_source`` (its name here), ``action_types`` and ``warnings`` (diagnostics).
    """

    def apply(self, rule: SigmaRule | SigmaCorrelationRule) -> None:
        """Map a rule in place. A correlation is left as it is: its own rules are mapped one by one."""
        super().apply(rule)
        if isinstance(rule, SigmaCorrelationRule):
            return
        try:
            source = find_log_source(rule)
        except FieldProblem as problem:
            keys = ("detection",) if problem.code == "unknown-event" else ("logsource",)
            raise RuleError(Diagnostic(problem.code, problem.message, problem.hint, keys=keys)) from None
        step = _Mapping(source, xdr_schema().table(source.table))
        for name, detection in rule.detection.detections.items():
            rule.detection.detections[name] = step.detection(detection)
        if step.problems:
            raise RuleError(*step.problems)
        rule.detection.parsed_condition = [
            _OfActionTypes(condition.condition, condition.detections, None, source.action_types)
            for condition in rule.detection.parsed_condition
        ]
        if self._pipeline is not None:
            self._pipeline.state.update(
                query_table=source.table,
                log_source=source.name,
                action_types=source.action_types,
                warnings=step.warnings,
            )


@dataclass
class _OfActionTypes(SigmaCondition):
    """A rule's condition in rows of some ActionTypes alone; of none named, in all rows.

    It has no source of its own: pySigma would put it over the sources of the items, which say where a value stands.
    """

    action_types: tuple[str, ...] = ()

    def parse(self, postprocess: bool = True) -> Any:
        """The condition tree, and the ActionTypes before it."""
        condition = super().parse(postprocess)
        if not postprocess or condition is None or not self.action_types:
            return condition
        actions = text_item("ActionType", self.action_types, None).postprocess(self.detections)
        return ConditionAND([actions, condition])


@dataclass
class _Mapping:
    """One rule's mapping: its log source, its table, and what was found wrong on the way."""

    source: LogSource
    table: Table
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def detection(self, detection: SigmaDetection) -> SigmaDetection:
        """A detection with every item mapped."""
        items: list[Mapped] = [
            self.detection(item) if isinstance(item, SigmaDetection) else self.item(item)
            for item in detection.detection_items
        ]
        return SigmaDetection(items, detection.source, detection.item_linking)

    def item(self, item: SigmaDetectionItem) -> Mapped:
        """One item over columns; a keyword stays one. A problem is noted, and the item stands for itself."""
        if item.field is None:
            return item
        context = Context(
            item.field,
            self.table,
            item.source,
            not _CASED.isdisjoint(item.modifiers),
            lambda name: resolve_field(name, self.source, self.table),
            self.warnings,
        )
        try:
            mapping = resolve_field(item.field, self.source, self.table)
            mapped = mapping.map(item.value, item.value_linking, context)
        except FieldProblem as problem:
            self.problems.append(Diagnostic.of_item(item.source, problem.code, problem.message, problem.hint))
            return item
        return NegatedDetection([mapped], item.source, ConditionAND) if item.negated else mapped


#: Modifiers whose values mind case: Base64 in another case is another text.
_CASED = frozenset({SigmaCaseSensitiveModifier, SigmaBase64Modifier, SigmaBase64OffsetModifier})


# --------------------------------------------------------------------------------------------------------- placeholders


@dataclass
class ExpandPlaceholders(PreprocessingTransformation):
    """The ``expand`` modifier: ``%name%`` becomes each of the site's values of that name.

    ``values`` maps a name to its values; wildcards in them are wildcards. As a whole value ``%working_hours%`` stands for a time
    within them, and a name that ends in ``_networks`` for an address in one of them. All problems are raised together.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def apply(self, rule: SigmaRule | SigmaCorrelationRule) -> None:
        """Expand the placeholders of a rule in place."""
        super().apply(rule)
        if isinstance(rule, SigmaCorrelationRule):
            return
        problems: list[Diagnostic] = []
        for item in _items(rule):
            if any(map(_has_placeholder, item.value)):
                self._expand(item, problems)
        if problems:
            raise RuleError(*problems)

    def _expand(self, item: SigmaDetectionItem, problems: list[Diagnostic]) -> None:
        def replacements(placeholder: Placeholder) -> Iterator[SigmaString]:
            if not self.values.get(placeholder.name):
                missing.setdefault(placeholder.name)
            yield from (SigmaString(value) for value in self.values.get(placeholder.name) or ("",))

        def expanded(values: Sequence[SigmaType]) -> Iterator[SigmaType]:
            for value in values:
                match value:
                    case SigmaString() if (name := _alone(value)) == PLACEHOLDER and (
                        hours := working_hours(self.values)
                    ):
                        yield WithinHours(hours)
                    case SigmaString() if name is not None and name.endswith(NETWORKS):
                        networks = self.values.get(name) or ()
                        yield from map(SigmaCIDRExpression, networks)
                        if not networks:
                            missing.setdefault(name)
                    case SigmaString() | SigmaRegularExpression():
                        yield from value.replace_placeholders(replacements)
                    case SigmaExpansion():
                        yield SigmaExpansion(list(expanded(value.values)))
                    case _:
                        yield value

        missing: dict[str, None] = {}
        values = list(expanded(item.value))
        for name in missing:
            problems.append(
                Diagnostic.of_item(
                    item.source,
                    "missing-placeholder",
                    f"the site file gives no values for %{name}%",
                    f"add a list under '{name}' to the site file, and give it with --site",
                )
            )
        if not missing:
            item.value = values


def _alone(value: SigmaString) -> str | None:
    """The name of the placeholder that is all of a value; None: there is something else in it, or none."""
    match value.s:
        case (Placeholder(name=name),):
            return name
    return None


def _has_placeholder(value: SigmaType) -> bool:
    if isinstance(value, SigmaExpansion):
        return any(map(_has_placeholder, value.values))
    return isinstance(value, (SigmaString, SigmaRegularExpression)) and value.contains_placeholder()
