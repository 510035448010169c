"""Is this text the query that it looks like, and will Defender take it?

Microsoft's own Kusto language service parses the text and binds every name and type in it; :data:`lints.LINTS` then
look at the bound tree for what the service's parser lets pass and the service, or the reader, does not.
"""

from __future__ import annotations

from sigma_xdr.kql.checker.checker import KqlChecker, kql_checker
from sigma_xdr.kql.checker.problem import KqlProblem, Severity

__all__ = ["KqlChecker", "KqlProblem", "Severity", "kql_checker"]
