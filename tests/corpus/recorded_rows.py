r"""Recorded Windows events as rows of Defender's tables: just what the corpus needs.

``read_records`` reads EVTX files and JSON lines (flat, as NXLog writes them, or Windows' own nesting); ``rows_of`` gives
the rows that Defender would have of them. Values look as they do in public sample rows: no directory in argv[0], hives
spelled out, ControlSet001, accounts in lower case and in two columns, LogonId and DWORDs in decimal.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from evtx import PyEvtxParser

Row = dict[str, Any]
Fields = Mapping[str, str]

_SYSMON, _SECURITY = "microsoft-windows-sysmon/operational", "security"
#: What Windows and Sysmon write where they know nothing.
_UNKNOWN = ("", "-", "?")


# -------------------------------------------------------------------------------------------------------------- records


@dataclass(frozen=True)
class Record:
    """One record: its file and its 1-based position there, channel (lower case), event id, host, and its own fields as text."""

    file: str
    number: int
    channel: str
    event: int
    host: str
    fields: Fields

    @property
    def sigma(self) -> Fields:
        """The fields as Sigma's log sources name them: Sysmon's names, also for a process creation of the Security log."""
        if (self.channel, self.event) != (_SECURITY, 4688):
            return self.fields
        named = {sigma: self.fields[own] for own, sigma in _SYSMON_NAMES.items() if own in self.fields}
        return {**named, "User": _account_4688(self.fields)}


_SYSMON_NAMES = {
    "NewProcessName": "Image",
    "CommandLine": "CommandLine",
    "NewProcessId": "ProcessId",
    "ParentProcessName": "ParentImage",
    "ProcessId": "ParentProcessId",
    "MandatoryLabel": "IntegrityLevel",
}


def read_records(path: Path) -> Iterator[Record]:
    """All records of an EVTX file or of a gzip file of JSON lines."""
    for number, event in enumerate(_documents(path), 1):
        yield _nested(path.name, number, event["Event"]) if "Event" in event else _flat(path.name, number, event)


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".evtx":
        records: Iterator[Any] = PyEvtxParser(str(path)).records_json()
        yield from (json.loads(record["data"]) for record in records)
    else:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _nested(file: str, number: int, event: Mapping[str, Any]) -> Record:
    system: Mapping[str, Any] = event["System"]
    event_id = system["EventID"]
    data: Mapping[str, Any] = event.get("EventData") or {}
    return Record(
        file,
        number,
        str(system["Channel"]).lower(),
        int(event_id["#text"] if isinstance(event_id, dict) else event_id),
        str(system["Computer"]),
        {name: _text(value) for name, value in data.items() if name != "#attributes"},
    )


_LINE = re.compile(r"^(\w+): ?(.*?)\r?$", re.MULTILINE)


def _flat(file: str, number: int, event: Mapping[str, Any]) -> Record:
    """NXLog mixes Sysmon's fields with its own, which hide some of them (ProcessId, EventType); the message has them all."""
    channel = str(event["Channel"]).lower()
    fields = {name: _text(value) for name, value in event.items()}
    if channel == _SYSMON:
        shown: dict[str, str] = dict(_LINE.findall(fields["Message"]))
        fields = {name: text if name == "EventType" else fields.get(name, text) for name, text in shown.items()}
    return Record(file, number, channel, int(event["EventID"]), _text(event.get("Hostname")), fields)


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


# ----------------------------------------------------------------------------------------------------------------- rows


def rows_of(records: Iterable[Record], whole_paths: bool) -> Iterator[tuple[Record, str, Row]]:
    """The records that Defender shows, each with its table and its row; ReportId is the record's position.

    ``whole_paths``: whether InitiatingProcessFolderPath ends with the file's name, as in newer rows, or holds the
    directory alone, as in older ones.
    """
    records = list(records)
    parts = {
        (record.host, record.event, _unquoted(record.fields["Name"])): record.fields
        for record in records
        if record.channel == _SYSMON and record.event in (19, 20)
    }
    for record in records:
        row_of = _ROWS.get((record.channel, record.event))
        if row_of is None or record.fields.get("Operation", "Created") != "Created":  # bindings that go are not shown
            continue
        table, row = row_of(_with_parts(record, parts), whole_paths)
        host = record.host.lower()
        yield record, table, {"DeviceId": host, "DeviceName": host, "ReportId": record.number, **row}


def _process(fields: Fields, whole: bool) -> tuple[str, Row]:
    image, parent = fields["Image"], fields.get("ParentImage", "")
    domain, name = _account(fields.get("User", ""))
    versions = {
        "ProcessVersionInfoOriginalFileName": "OriginalFileName",
        "ProcessVersionInfoFileDescription": "Description",
        "ProcessVersionInfoProductName": "Product",
        "ProcessVersionInfoCompanyName": "Company",
    }
    return "DeviceProcessEvents", {
        "ActionType": "ProcessCreated",
        **_file(image),
        **_hashes(fields),
        "ProcessId": _number(fields.get("ProcessId")),
        "ProcessCommandLine": without_directory(fields.get("CommandLine", ""), image),
        **{column: _known(fields.get(field, "")) for column, field in versions.items()},
        "AccountDomain": domain,
        "AccountName": name,
        "LogonId": _number(fields.get("LogonId")),
        "CreatedProcessSessionId": _number(fields.get("TerminalSessionId")),
        "ProcessIntegrityLevel": _INTEGRITY.get(fields.get("IntegrityLevel", ""), fields.get("IntegrityLevel", "")),
        **_initiating(
            parent,
            fields.get("ParentCommandLine", ""),
            fields.get("ParentUser", ""),
            fields.get("ParentProcessId"),
            whole,
        ),
    }


def _of_process(fields: Fields, whole: bool) -> Row:
    """The columns of the process that does what a record other than a process creation tells."""
    return _initiating(fields.get("Image", ""), "", fields.get("User", ""), fields.get("ProcessId"), whole)


def _connection(fields: Fields, whole: bool) -> tuple[str, Row]:
    outbound = fields["Initiated"] == "true"
    local, remote = ("Source", "Destination") if outbound else ("Destination", "Source")
    return "DeviceNetworkEvents", {
        "ActionType": "ConnectionSuccess" if outbound else "InboundConnectionAccepted",
        "LocalIP": _address(fields[f"{local}Ip"]),
        "LocalPort": _number(fields[f"{local}Port"]),
        "RemoteIP": _address(fields[f"{remote}Ip"]),
        "RemotePort": _number(fields[f"{remote}Port"]),
        "RemoteUrl": _known(fields.get(f"{remote}Hostname", "")),
        "Protocol": fields["Protocol"].capitalize(),
        **_of_process(fields, whole),
    }


def _image_load(fields: Fields, whole: bool) -> tuple[str, Row]:
    row = {"ActionType": "ImageLoaded", **_file(fields["ImageLoaded"]), **_hashes(fields)}
    return "DeviceImageLoadEvents", {**row, **_of_process(fields, whole)}


def _file_created(fields: Fields, whole: bool) -> tuple[str, Row]:
    row = {"ActionType": "FileCreated", **_file(fields["TargetFilename"])}
    return "DeviceFileEvents", {**row, **_of_process(fields, whole)}


def _registry(fields: Fields, whole: bool) -> tuple[str, Row]:
    action = _REGISTRY_ACTIONS[fields["EventType"]]
    key, name = fields["TargetObject"], ""
    if action in ("RegistryValueSet", "RegistryValueDeleted"):
        place = _BEFORE_PATH.search(key)
        cut = place.start() if place else key.rfind("\\")
        key, name = key[:cut], key[cut + 1 :]
    previous = "Previous" if action.endswith("Deleted") else ""
    row = {
        f"{previous}RegistryKey": _registry_key(key),
        f"{previous}RegistryValueName": "" if name == "(Default)" else name,
    }
    if action == "RegistryValueSet":
        row |= _registry_data(fields.get("Details", ""))
    return "DeviceRegistryEvents", {"ActionType": action, **row, **_of_process(fields, whole)}


def _pipe(fields: Fields, whole: bool) -> tuple[str, Row]:
    name = fields["PipeName"]
    pipe = f"\\Device\\NamedPipe{name}" if name.startswith("\\") else name
    return "DeviceEvents", {
        "ActionType": "NamedPipeEvent",
        "AdditionalFields": json.dumps({"PipeName": pipe}),
        **_of_process(fields, whole),
    }


def _wmi_binding(fields: Fields, whole: bool) -> tuple[str, Row]:
    kind, _, name = _unquoted(fields["Consumer"]).replace('\\"', '"').partition(".Name=")
    consumer = f"{kind.rpartition(':')[2]}={name}"
    return "DeviceEvents", {
        "ActionType": "WmiBindEventFilterToConsumer",
        "AdditionalFields": json.dumps({"Consumer": consumer, "PossibleCause": fields["PossibleCause"]}),
        **_initiating("", "", fields.get("User", ""), None, whole),
    }


def _logon(fields: Fields, whole: bool) -> tuple[str, Row]:
    subject = f"{_known(fields['SubjectDomainName'])}\\{_known(fields['SubjectUserName'])}"
    return "DeviceLogonEvents", {
        "ActionType": "LogonSuccess",
        "LogonType": _LOGON_TYPES.get(fields["LogonType"], "Unknown"),
        "AccountDomain": _known(fields["TargetDomainName"]).lower(),
        "AccountName": _known(fields["TargetUserName"]).lower(),
        "AccountSid": fields["TargetUserSid"],
        "LogonId": _number(fields["TargetLogonId"]),
        "Protocol": fields["AuthenticationPackageName"],
        "RemoteIP": _address(_known(fields["IpAddress"])),
        "RemotePort": _number(fields["IpPort"]),
        "RemoteDeviceName": _known(fields["WorkstationName"]),
        **_initiating(_known(fields["ProcessName"]), "", subject, fields.get("ProcessId"), whole),
    }


_ROWS = {
    (_SYSMON, 1): _process,
    (_SECURITY, 4688): _process,
    (_SYSMON, 3): _connection,
    (_SYSMON, 7): _image_load,
    (_SYSMON, 11): _file_created,
    (_SYSMON, 12): _registry,
    (_SYSMON, 13): _registry,
    (_SYSMON, 17): _pipe,
    (_SYSMON, 18): _pipe,
    (_SYSMON, 21): _wmi_binding,
    (_SECURITY, 4624): _logon,
}


# --------------------------------------------------------------------------------------------------------------- values


def _file(path: str) -> Row:
    return {"FileName": PureWindowsPath(path).name, "FolderPath": path}


def _initiating(image: str, command_line: str, user: str, process_id: str | None, whole: bool) -> Row:
    path = PureWindowsPath(_known(image))
    folder = str(path.parent) if "\\" in image else ""
    domain, name = _account(user)
    return {
        "InitiatingProcessFileName": path.name,
        "InitiatingProcessFolderPath": (_known(image) if whole else folder).lower(),
        "InitiatingProcessCommandLine": without_directory(command_line, image),
        "InitiatingProcessId": _number(process_id),
        "InitiatingProcessAccountDomain": domain,
        "InitiatingProcessAccountName": name,
    }


def without_directory(command_line: str, image: str) -> str:
    r"""A command line as Defender keeps it: ``"C:\x\a.exe" -f`` is ``"a.exe" -f``.

    Where argv[0] isn't quoted and has blanks, the image's path says where it ends.
    """
    quote = '"' if command_line.startswith('"') else ""
    rest = command_line[len(quote) :]
    if quote:
        end = rest.find('"') if '"' in rest else len(rest)
    elif image and rest.lower().startswith(image.lower()):
        end = len(image)
    else:
        end = len(rest.split(maxsplit=1)[0]) if rest.strip() else 0
    return quote + PureWindowsPath(rest[:end]).name + rest[end:] if "\\" in rest[:end] else command_line


def _account(user: str) -> tuple[str, str]:
    r"""``DOMAIN\name`` in two parts."""
    domain, _, name = _known(user).lower().rpartition("\\")
    return domain, name


def _account_4688(fields: Fields) -> str:
    r"""The account of a process of the Security log: the target's where one is named, else the subject's."""
    who = "Target" if _known(fields.get("TargetUserName", "")) else "Subject"
    return f"{fields.get(f'{who}DomainName', '')}\\{fields.get(f'{who}UserName', '')}"


def _hashes(fields: Fields) -> Row:
    kinds = dict(part.partition("=")[::2] for part in fields.get("Hashes", "").split(",") if "=" in part)
    return {kind: kinds[kind].lower() for kind in ("MD5", "SHA1", "SHA256") if kind in kinds}


def _known(text: str) -> str:
    return "" if text in _UNKNOWN else text


def _number(text: str | None) -> int | None:
    return None if text is None or not _known(text) else int(text, 0)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


_INTEGRITY = {"S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-12288": "High", "S-1-16-16384": "System"}
_LOGON_TYPES = {
    "2": "Interactive",
    "3": "Network",
    "4": "Batch",
    "5": "Service",
    "7": "Unlock",
    "8": "NetworkCleartext",
    "9": "NewCredentials",
    "10": "RemoteInteractive",
    "11": "CachedInteractive",
}


# ------------------------------------------------------------------------------------------------------------- registry

_REGISTRY_ACTIONS = {
    "SetValue": "RegistryValueSet",
    "CreateKey": "RegistryKeyCreated",
    "DeleteKey": "RegistryKeyDeleted",
    "DeleteValue": "RegistryValueDeleted",
}
#: Before a value's name that is a path itself (``…\bam\…\<SID>\\Device\HarddiskVolume2\a.exe``).
_BEFORE_PATH = re.compile(r"\\(?=\\Device\\|[A-Z]:\\)", re.IGNORECASE)
_HIVES = (
    ("HKLM", r"HKEY_LOCAL_MACHINE"),
    ("HKU", r"HKEY_CURRENT_USER"),
    ("HKCR", r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes"),
)


def _registry_key(key: str) -> str:
    hive, backslash, rest = key.partition("\\")
    rest = re.sub(r"(?i)(?<=^System\\)CurrentControlSet(?=\\|$)", "ControlSet001", rest)
    return dict(_HIVES).get(hive, hive) + backslash + rest


_INTEGER = re.compile(r"(?P<type>[DQ])WORD \(0x(?P<high>[0-9a-f]{8})(?:-0x(?P<low>[0-9a-f]{8}))?\)", re.IGNORECASE)


def _registry_data(details: str) -> Row:
    if integer := _INTEGER.fullmatch(details):
        number = int(integer["high"] + (integer["low"] or ""), 16)
        return {
            "RegistryValueType": "Dword" if integer["type"].upper() == "D" else "QWord",
            "RegistryValueData": str(number),
        }
    if details == "Binary Data":
        return {"RegistryValueType": "Binary", "RegistryValueData": ""}
    return {"RegistryValueType": "String", "RegistryValueData": "" if details == "(Empty)" else details}


# ------------------------------------------------------------------------------------------------------------------ WMI


def _unquoted(text: str) -> str:
    r"""Sysmon's `` "root/cimv2"`` without blanks and quotes."""
    return text.strip().removeprefix('"').removesuffix('"')


def _name(reference: str) -> str:
    r"""The name in `` "__EventFilter.Name=\"x\""``."""
    return _unquoted(_unquoted(reference).partition("=")[2].replace('\\"', '"'))


def _with_parts(record: Record, parts: Mapping[tuple[str, int, str], Fields]) -> Fields:
    """A binding with what it binds, by host, event and name; any other record as it is."""
    if record.event != 21:
        return record.sigma
    bound = ((19, record.fields["Filter"]), (20, record.fields["Consumer"]))
    return {
        **record.fields,
        **_possible_cause(*(parts.get((record.host, event, _name(to)), {}) for event, to in bound)),
    }


def _possible_cause(event_filter: Fields, consumer: Fields) -> Fields:
    """The two bound objects as Defender's PossibleCause shows them."""
    kind, template = {
        "Command Line": ("CommandLineEventConsumer", "CommandLineTemplate"),
        "Script": ("ActiveScriptEventConsumer", "ScriptText"),
    }.get(consumer.get("Type", ""), ("__EventConsumer", "Destination"))
    return {
        "PossibleCause": f"Binding EventFilter: \ninstance of __EventFilter\n{{\n\tQuery = {event_filter.get('Query', '').strip()};"
        f"\n}};\nPerm. Consumer: \ninstance of {kind}\n{{\n\t{template} = {consumer.get('Destination', '').strip()};\n}};\n"
    }
