"""Compiled rules in the forms that others read: so far a folder of KQL or JSON files, one a rule."""

from __future__ import annotations

from sigma_xdr.export.folder import OutputFolder

__all__ = ["OutputFolder"]
