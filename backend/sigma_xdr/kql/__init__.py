"""From a mapped rule to KQL text: conditions, correlations, what a custom detection needs, and Microsoft's checker."""

from __future__ import annotations

from sigma_xdr.kql.backend import XdrBackend
from sigma_xdr.kql.correlating import CompiledCorrelation, correlation_query
from sigma_xdr.kql.query import RuleQuery, header, rule_query

__all__ = ["CompiledCorrelation", "RuleQuery", "XdrBackend", "correlation_query", "header", "rule_query"]
