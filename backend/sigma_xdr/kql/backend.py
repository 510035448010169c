"""The pySigma backend: rules that the ``sigma_xdr`` pipeline has mapped, to KQL for Defender XDR.

It stands on pySigma-backend-kusto's KustoBackend, and writes the conditions itself: the stock text loses wildcards'
order, anchors and case, null, types and escapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sigma.backends.kusto.kusto import KustoBackend
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from sigma_xdr.kql.correlating import correlation_query
from sigma_xdr.kql.query import fresh, header, rule_query

__all__ = ["XdrBackend"]


class XdrBackend(KustoBackend):
    """KQL for advanced hunting and custom detections; ``-O header=false`` leaves the comment out."""

    name: ClassVar[str] = "Microsoft Defender XDR (KQL)"
    identifier: ClassVar[str] = "sigma_xdr"
    # pySigma declares these as class variables, pySigma-backend-kusto as an instance's
    formats: ClassVar[dict[str, str]] = {"default": "KQL queries"}  # type: ignore[misc]
    requires_pipeline: ClassVar[bool] = True  # type: ignore[misc]
    correlation_methods: ClassVar[dict[str, str] | None] = {
        "default": "Exact sliding windows, one alert a group and slot"
    }

    def __init__(self, *args: Any, header: bool | str = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.header = str(header).lower() not in ("false", "no", "0")

    def convert_rule(
        self, rule: SigmaRule, output_format: str | None = None, callback: Callable[..., Any] | None = None
    ) -> list[Any]:
        """One query a rule; conditions of one rule are alternatives of one query."""
        return self._converted(
            rule, output_format, callback, lambda: rule_query(fresh(rule), self.last_processing_pipeline).text
        )

    def convert_correlation_rule(
        self,
        rule: SigmaCorrelationRule,
        output_format: str | None = None,
        method: str | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> list[Any]:
        """One query a correlation."""
        return self._converted(
            rule, output_format, callback, lambda: correlation_query(rule, self.last_processing_pipeline).text
        )

    def _converted(
        self,
        rule: SigmaRule | SigmaCorrelationRule,
        output_format: str | None,
        callback: Callable[..., Any] | None,
        query: Callable[[], str],
    ) -> list[Any]:
        if getattr(self, "last_processing_pipeline", None) is None:
            self.init_processing_pipeline(output_format)
        if not rule._output:
            return []
        try:
            text = query()
        except SigmaError as error:
            if not self.collect_errors:
                raise
            self.errors.append((rule, error))  # type: ignore[arg-type]
            return []
        if self.header:
            text = f"{header(rule.title, str(rule.id or ''), rule.level and rule.level.name.lower())}\n{text}"
        text = self.last_processing_pipeline.postprocess_query(rule, text)
        result = text if callback is None else callback(rule, output_format, 0, None, text)
        rule.set_conversion_result([result])
        return [] if result is None else [result]
