"""KQL on rows: the compiled text itself, run in a real engine.

``KqlEngine`` runs on DuckDB through ``duckdb-kql``. What that translation can't run exactly it refuses; a refusal is an
:class:`EngineError`, never a pass.
"""

from __future__ import annotations

from sigma_xdr.engine.duckdb import EngineError, KqlEngine

__all__ = ["EngineError", "KqlEngine"]
