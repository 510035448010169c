"""What Microsoft's parser lets pass and the service, or the reader, does not.

A lint takes the outline of a query and gives its findings. All of them run on every query, also on one that doesn't
bind: what isn't known (a type that is None) is no lint's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sigma_xdr.kql.checker.lints.addresses import bad_address
from sigma_xdr.kql.checker.lints.characters import carriage_return, invisible_character, non_ascii_character
from sigma_xdr.kql.checker.lints.joins import dynamic_key, join_kind
from sigma_xdr.kql.checker.lints.literals import bad_literal
from sigma_xdr.kql.checker.lints.regexes import bad_regex, unchecked_regex
from sigma_xdr.kql.checker.lints.statements import control_command, no_query, several_queries
from sigma_xdr.kql.checker.lints.strings import adjacent_strings, empty_needle, null_test
from sigma_xdr.kql.checker.lints.time import timestamp_filter
from sigma_xdr.kql.checker.lints.types import branch_types, dynamic_operand, type_mismatch
from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding

__all__ = ["LINTS"]

LINTS: tuple[Callable[[Outline], Iterator[Finding]], ...] = (
    control_command,
    no_query,
    several_queries,
    invisible_character,
    non_ascii_character,
    carriage_return,
    bad_literal,
    adjacent_strings,
    empty_needle,
    null_test,
    type_mismatch,
    dynamic_operand,
    branch_types,
    bad_regex,
    unchecked_regex,
    bad_address,
    join_kind,
    dynamic_key,
    timestamp_filter,
)
