"""Fields that are taken for each other."""

from __future__ import annotations

import pytest

from sigma_xdr.testing.siblings import sibling


@pytest.mark.parametrize(
    ("category", "field", "other"),
    [
        ("process_creation", "Image", "ParentImage"),
        ("process_creation", "ParentImage", "Image"),
        ("image_load", "ImageLoaded", "Image"),
        ("file_event", "Image", "TargetFilename"),
        ("file_event", "CommandLine", "ParentCommandLine"),
        ("process_creation", "IntegrityLevel", None),
        (None, "SourceIp", "DestinationIp"),
        ("process_creation", "", None),
    ],
)
def test_a_field_has_the_sibling_of_its_log_source(category: str | None, field: str, other: str | None) -> None:
    assert sibling(field, {"category": category, "product": "windows"}) == other
