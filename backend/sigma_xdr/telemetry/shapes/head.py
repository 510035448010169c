"""What every event says of itself: its channel, its provider, its number."""

from __future__ import annotations

from dataclasses import dataclass

from sigma_xdr.telemetry.scalars import text_of

__all__ = ["Head", "NoEvent", "head_of", "log_of"]

#: Channels by their short names, and the provider that writes them.
_CHANNELS = {
    "sysmon": ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    "security": ("Security", "Microsoft-Windows-Security-Auditing"),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational", "Microsoft-Windows-WMI-Activity"),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    "powershell-classic": ("Windows PowerShell", "PowerShell"),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
    "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler"),
}
_LOGS = {channel.lower(): log for log, (channel, _) in _CHANNELS.items()}
_CHANNEL_OF = {provider.lower(): channel for channel, provider in _CHANNELS.values()}
_PROVIDER_OF = {channel.lower(): provider for channel, provider in _CHANNELS.values()}
#: How many kinds of events are remembered, and how long their names may be together, in characters.
_REMEMBERED, _LONGEST = 4096, 512


class NoEvent(Exception):
    """Why a document is no Windows event."""


@dataclass(frozen=True, slots=True)
class Head:
    """The channel and the provider as the event spells them, its number, and the log's short name."""

    channel: str
    provider: str
    event_id: int
    log: str


def log_of(channel: str) -> str:
    """A short name of a channel's log: ``sysmon``, ``security``, ``wmi`` …, or the channel in lower case."""
    return _LOGS.get(channel.lower(), channel.lower())


def head_of(event_id: object, channel: str, provider: str) -> Head:
    """The head that these values make; where the channel isn't said, the provider tells. Raises NoEvent.

    There are few kinds of events and many events: the answers are remembered.
    """
    if type(event_id) is not int and type(event_id) is not str:  # 1 and True are one to a dict
        return _judged(event_id, channel, provider)
    key = event_id, channel, provider
    head = _heads.get(key)
    if head is None:
        head = _judged(event_id, channel, provider)
        if len(channel) + len(provider) <= _LONGEST:
            if len(_heads) >= _REMEMBERED:
                _heads.clear()
            _heads[key] = head
    return head


def _judged(event_id: object, channel: str, provider: str) -> Head:
    number = text_of(event_id).strip()
    if not number:
        raise NoEvent("it has no EventID")
    if not (number.isascii() and number.isdecimal() and len(number) <= 10):
        raise NoEvent(f"its EventID is no number: '{number[:60]}'")
    channel = channel or _CHANNEL_OF.get(provider.lower(), "")
    if not channel:
        unknown = f", and its provider '{provider[:60]}' is none known" if provider else ""
        raise NoEvent(f"it has no Channel{unknown}")
    return Head(channel, provider or _PROVIDER_OF.get(channel.lower(), ""), int(number), log_of(channel))


_heads: dict[tuple[int | str, str, str], Head] = {}
