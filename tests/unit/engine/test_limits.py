"""The dated facts."""

from __future__ import annotations

from sigma_xdr.engine.limits import cluster_limits, tenant_limits


def test_what_microsoft_documents() -> None:
    tenant, cluster = tenant_limits(), cluster_limits()
    assert (tenant.days, tenant.rows, tenant.calls_per_minute, tenant.query_seconds) == (30, 100_000, 45, 180)
    assert (tenant.result_megabytes, tenant.cpu_minutes, tenant.permission) == (50, 15, "ThreatHunting.Read.All")
    assert (cluster.rows, cluster.result_megabytes, cluster.query_seconds) == (500_000, 64, 240)


def test_whole_answers_are_read() -> None:
    for limits in (tenant_limits(), cluster_limits()):
        assert limits.answer_bytes >= 2 * limits.result_megabytes * 1_000_000
        assert all(text == text.lower() for text in limits.too_much)
