"""What Defender XDR is: tables, columns, types, ActionTypes, and what a custom detection may do with them.

The facts are dated data files in ``data/``, each with its source; nothing is read before :func:`xdr_schema` is called.
No other room knows a column list.
"""

from __future__ import annotations

from sigma_xdr.schema.did_you_mean import nearest
from sigma_xdr.schema.load import xdr_schema
from sigma_xdr.schema.model import ActionType, Column, ColumnType, Confidence, Schema, Table

__all__ = [
    "ActionType",
    "Column",
    "ColumnType",
    "Confidence",
    "Schema",
    "Table",
    "nearest",
    "xdr_schema",
]
