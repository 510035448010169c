"""What has no table of its own stands in DeviceEvents: pipes, name queries, threads and handles in other processes."""

from __future__ import annotations

from sigma_xdr.telemetry.mapping.files import initiating_process
from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import account, file, initiating, number

__all__ = ["dns_query", "pipe_used", "process_opened", "thread_created"]


def pipe_used(record: Record, whole_paths: bool) -> Built:
    r"""The row of a pipe that was created or connected to: ``\name`` is ``\Device\NamedPipe\name``."""
    name = record.text("PipeName")
    pipe = f"\\Device\\NamedPipe{name}" if name.startswith("\\") else name
    return Built("DeviceEvents", "NamedPipeEvent", initiating_process(record, whole_paths), {"PipeName": pipe})


def dns_query(record: Record, whole_paths: bool) -> Built:
    """The row of a query of a name."""
    columns = initiating_process(record, whole_paths)
    return Built("DeviceEvents", "DnsQueryResponse", columns, {"DnsQueryString": record.text("QueryName")})


def thread_created(record: Record, whole_paths: bool) -> Built:
    """The row of a thread in another process."""
    domain, name = account(record.text("TargetUser"))
    return Built(
        "DeviceEvents",
        "CreateRemoteThreadApiCall",
        {**_from_source_to_target(record, whole_paths), "AccountDomain": domain, "AccountName": name},
    )


def process_opened(record: Record, whole_paths: bool) -> Built:
    """The row of a handle to another process; the rights are a number."""
    access = number(record.text("GrantedAccess"))
    additional = {} if access is None else {"DesiredAccess": access}
    return Built("DeviceEvents", "OpenProcessApiCall", _from_source_to_target(record, whole_paths), additional)


def _from_source_to_target(record: Record, whole_paths: bool) -> dict[str, object]:
    return {
        **file(record.text("TargetImage"), whole_paths),
        "ProcessId": number(record.text("TargetProcessId")),
        **initiating(
            record.text("SourceImage"), "", record.text("SourceUser"), record.text("SourceProcessId"), whole_paths
        ),
    }
