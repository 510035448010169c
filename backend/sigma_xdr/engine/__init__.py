"""KQL on rows: the compiled text itself, run in a real engine.

``KqlEngine`` runs on DuckDB through ``duckdb-kql``. It runs the constructs that were measured to mean there what they mean
in Kusto (``constructs.py``) and refuses all others by name; a refusal is an :class:`EngineError`, never a pass.

``TenantEngine`` and ``ClusterEngine`` send a query to where the data lives: Defender XDR's advanced hunting, and a Kusto
cluster. They need libraries that nothing else does, and are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sigma_xdr.engine.duckdb import KqlEngine
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.service import ServiceError
from sigma_xdr.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from sigma_xdr.engine.cluster import ClusterEngine
    from sigma_xdr.engine.tenant import TenantEngine

__all__ = ["ClusterEngine", "EngineError", "KqlEngine", "ServiceError", "TenantEngine"]

_REMOTE = {"ClusterEngine": "sigma_xdr.engine.cluster", "TenantEngine": "sigma_xdr.engine.tenant"}


def __getattr__(name: str) -> Any:
    """An engine that needs the extra ``remote``. Raises UsageError where its libraries aren't installed."""
    if name not in _REMOTE:
        raise AttributeError(f"module 'sigma_xdr.engine' has no attribute '{name}'")
    try:
        return getattr(import_module(_REMOTE[name]), name)
    except ModuleNotFoundError as error:
        problem = Diagnostic(
            "usage", f"{name} needs {error.name}, which isn't installed", "pip install sigma-xdr[remote]"
        )
        raise UsageError(problem) from None
