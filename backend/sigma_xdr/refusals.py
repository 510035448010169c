"""Why a rule isn't compiled: the closed list of reasons, by the code that a diagnostic carries."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REFUSALS", "WARNINGS"]

#: Reasons for which a rule that is right Sigma has no query.
REFUSALS: Mapping[str, str] = {
    "always-matches": "the condition asks for nothing",
    "character": "a character that no KQL string can hold",
    "correlation-alias": "an alias that doesn't say its field for a rule",
    "correlation-condition": "a correlation's condition that can't be said or can never hold",
    "correlation-group": "a group-by field that has no one column or type",
    "correlation-rules": "rules that a correlation names are missing, too many, or lead back to it",
    "correlation-tables": "a correlation over tables that identify events differently",
    "correlation-timespan": "a window that no detection looks back",
    "correlation-type": "a type of correlation that isn't compiled",
    "fieldref": "two fields that aren't columns of one type",
    "filter-pattern": "a pattern of the rule that would take a filter's selections in",
    "group-by-field": "a field that is no single column",
    "kql": "Microsoft's checker refuses the query",
    "lost-case": "case that Defender doesn't keep",
    "lost-field": "a field that Defender doesn't record",
    "lost-log-source": "a log source that Defender's hunting tables don't hold",
    "missing-placeholder": "a placeholder without values",
    "never-matches": "a condition that no event can satisfy",
    "no-action-type": "a rule on one of Defender's own tables that names no ActionType",
    "no-table": "no pipeline that knows the rule's table",
    "path-of-name": "the path of a file of which Defender keeps the name",
    "regex": "a regular expression that Kusto can't run, or reads otherwise",
    "too-complex": "a condition nested too deeply",
    "too-many-values": "more alternatives than one query can chain",
    "type-mismatch": "a value that doesn't fit its column's type",
    "unknown-action-type": "an ActionType that Defender doesn't have",
    "unknown-event": "an event id that Defender's tables don't hold",
    "unknown-field": "a field that the log source doesn't have",
    "unknown-log-source": "a log source that isn't mapped",
    "unsupported": "a kind of value that KQL can't say",
    "value-form": "a value that Defender stores in another form",
}

#: What compiles and deserves a look.
WARNINGS: Mapping[str, str] = {
    "argv0-directory": "a program's directory in a command line, whose first word has none in Defender",
    "lost-case": "a case-sensitive test of a column in lower case",
    "invisible-character": "a character that a reviewer can't see",
    "unicode-case": "a letter beyond ASCII whose case Kusto may fold otherwise",
    "unknown-rule": "a filter names a rule that isn't there",
}
