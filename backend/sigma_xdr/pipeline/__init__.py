"""From Sigma's names to XDR's: a pySigma processing pipeline, usable as any other.

``xdr_pipeline()`` maps a rule's log source to a table and ActionTypes, its fields to columns, and its values to the form
that Defender stores. What has no exact form is a :class:`sigma_xdr.errors.RuleError`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline

from sigma_xdr.pipeline.fields import FieldProblem, Lost
from sigma_xdr.pipeline.items import Expression, SameOrNothing
from sigma_xdr.pipeline.log_sources import REFUSED, LogSource, log_sources
from sigma_xdr.pipeline.mapping import ExpandPlaceholders, MapFields, find_log_source, group_key
from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = [
    "REFUSED",
    "Expression",
    "FieldProblem",
    "LogSource",
    "Lost",
    "Pattern",
    "SameOrNothing",
    "Shape",
    "find_log_source",
    "group_key",
    "log_sources",
    "xdr_pipeline",
]


def xdr_pipeline(site: Mapping[str, tuple[str, ...]] | None = None) -> ProcessingPipeline:
    """The pipeline. ``site`` holds the values of placeholders (``%name%``, modifier expand) by name."""
    return ProcessingPipeline(
        name="Sigma to Microsoft Defender XDR",
        priority=10,
        allowed_backends=frozenset({"sigma_xdr", "kusto", "microsoft365defender"}),
        items=[
            ProcessingItem(ExpandPlaceholders(site or {}), identifier="sigma_xdr_expand"),
            ProcessingItem(MapFields(), identifier="sigma_xdr_map_fields"),
        ],
    )
