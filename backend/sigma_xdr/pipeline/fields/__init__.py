"""The kinds of field mappings; which field of which log source has which stands in ``log_sources``."""

from __future__ import annotations

from sigma_xdr.pipeline.fields.accounts import Account
from sigma_xdr.pipeline.fields.base import Context, FieldMapping, FieldProblem, Lost
from sigma_xdr.pipeline.fields.by_action import ByAction
from sigma_xdr.pipeline.fields.columns import (
    AccessMask,
    ActionTypes,
    AdditionalField,
    Column,
    CommandLine,
    Device,
    Enumerated,
)
from sigma_xdr.pipeline.fields.hashes import Hashes
from sigma_xdr.pipeline.fields.paths import FileName, FilePath
from sigma_xdr.pipeline.fields.registry import RegistryData, RegistryPath, RegistryRows

__all__ = [
    "AccessMask",
    "Account",
    "ActionTypes",
    "AdditionalField",
    "ByAction",
    "Column",
    "CommandLine",
    "Context",
    "Device",
    "Enumerated",
    "FieldMapping",
    "FieldProblem",
    "FileName",
    "FilePath",
    "Hashes",
    "Lost",
    "RegistryData",
    "RegistryPath",
    "RegistryRows",
]
