"""KQL on rows: the compiled text itself, run in a real engine.

``KqlEngine`` runs on DuckDB through ``duckdb-kql``. It runs the constructs that were measured to mean there what they mean
in Kusto (``constructs.py``) and refuses all others by name; a refusal is an :class:`EngineError`, never a pass.
"""

from __future__ import annotations

from sigma_xdr.engine.duckdb import KqlEngine
from sigma_xdr.engine.problem import EngineError

__all__ = ["EngineError", "KqlEngine"]
