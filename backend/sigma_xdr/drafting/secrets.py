r"""What in an event says whose it is: names of hosts, accounts and domains, SIDs, addresses; and what stands for each instead.

Names are taken from the fields that hold them, and from what texts show (``C:\Users\anna``, ``\\srv01\c$``, ``/node:srv01``). What
stands for them is of the ranges that RFC 2606, 3849, 5737 and 7042 keep for documentation; the same for the same name, in
whatever field it was found. Names that every Windows has (SYSTEM, Administrator, NT AUTHORITY, 127.0.0.1) say nothing and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import count

__all__ = ["SID", "Secrets", "sid_bytes"]

SID = re.compile(r"(?<![0-9A-Za-z])S-1-(?:5-21|12-1)(?:-[0-9]{1,10}){3,5}(?![0-9])", re.IGNORECASE)
_V4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\.?[0-9])")
_V6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]{1,4})?(?![0-9A-Za-z:]|\.[0-9])",
    re.I,
)
_MAC = re.compile(r"(?<![0-9A-Za-z:-])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9A-Za-z:-])", re.IGNORECASE)
_MAIL = re.compile(r"([\w.!#$%&*+/=?^{|}~-]{1,64})@((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})")
#: The folder of a profile, whatever writes the path: with one backslash or several, with slashes.
_PROFILE = re.compile(
    r"(?:\\users|/users|\\documents and settings|/home|(?<![^\W_])users)[\\/]+"
    r"([^\\/:*?\"<>|\r\n,;()&]{1,64}?)(?=[\\/\"'<>|\r\n,;()&]|\s[-/&|>]|$)",
    re.IGNORECASE,
)
_UNC = re.compile(r"(?<![\w:\\/])\\{2,8}([\w.-]{1,255})(?=\\)")
_HOSTS = re.compile(
    r"(?:/node:|/s:|(?<!\S)/s\s+|-(?:computername|cn|server|remote|r)[:\s]+|mstsc\S*\s+/v:)\s*[\\\"']*([\w.,\s\"'-]{1,500}?)[\\\"']*(?=\s+[a-z/-]|\s*$|\s*[|&>)])",
    re.IGNORECASE,
)
_USERS = re.compile(
    r"(?:/user(?:name)?:|/u:|(?<!\S)/u\s+|-(?:u|user|username)[:\s]+)[\\\"']*((?:[\w.-]{1,64}[\\/]+)?[\w.$-]{1,64})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?:/password:|/pass:|-(?:password|pass)[:\s]+)[\\\"']*([^\s\\\"']{1,128})", re.IGNORECASE)
_INTERNAL = re.compile(
    r"(?<![\w.-])((?:[\w-]{1,63}\.){1,8}(?:local|lan|corp|internal|intra|intranet|localdomain|home|ad))(?![\w.-])",
    re.IGNORECASE,
)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: Fields by the kind of name that they hold, by the end of their own name; dots lead to nested ones.
_USER_FIELD = re.compile(
    r"(?:user|account|useraccount|username|accountname|upn|userprincipalname|displayname|loggedonusers|creatorname|owner)$",
    re.I,
)
_DOMAIN_FIELD = re.compile(
    r"(?:(?:account|subject|target|user|dns|logon|client|netbios)domain(?:name)?|^domain(?:name)?)$", re.I
)
_HOST_FIELD = re.compile(
    r"(?:(?:device|computer|machine|workstation|server|client|host)_?(?:name|fqdn)?|hostname|host\.name|agent\.name"
    r"|clientmachinefqdn)$",
    re.IGNORECASE,
)
_GUID_FIELD = re.compile(r"(?:guid|objectid|tenantid|deviceid|machineid|correlationid|activityid)$", re.IGNORECASE)
_VERSION_FIELD = re.compile(r"version$", re.IGNORECASE)

_COMMON_USERS = re.compile(
    r"-|n/a|\(null\)|system|syst[eè]me|local service|network service|lokaler dienst|netzwerkdienst|anonymous(?: logon)?"
    r"|administrat(?:or|eur)|admin|user|guest|gast|root|test|public|default(?: user|account|apppool)?|all users"
    r"|wdagutilityaccount|krbtgt|everyone|unknown|trustedinstaller|(?:dwm|umfd)-[0-9]+|[0-9]|user[0-9]+",
    re.IGNORECASE,
)
_COMMON_DOMAINS = re.compile(
    r"-|\.|n/a|nt[ -]autorit\w*|autorite nt|nt authority|builtin|window manager|font driver host|nt service|nt virtual machine"
    r"|iis apppool|workgroup|microsoftaccount|azuread|localhost|example[0-9]*|(?:.*\.)?example(?:\.com|\.net|\.org|[0-9]*)?",
    re.IGNORECASE,
)
_COMMON_HOSTS = re.compile(
    r"-|\.|\?|localhost(?:\.localdomain)?|tsclient|globalroot|device|host[0-9]+|pipe|windows|(?:.*\.)?example(?:\.com|\.net|\.org)?"
    r"|::1|127\..*|webdavroot|davwwwroot",
    re.IGNORECASE,
)
#: Labels of DNS names that name nobody.
_COMMON_LABELS = frozenset(
    (
        *("ad", "com", "net", "org", "info", "edu", "gov", "int", "www", "mail", "dev", "test", "home"),
        *("local", "lan", "corp", "internal", "intra", "intranet", "localdomain"),
    )
)
_PLAIN_ADDRESSES = [
    ip_network(each)
    for each in (
        *("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "169.254.169.254/32"),
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "::/128", "::1/128", "ff00::/8", "2001:db8::/32"),
    )
]


class Secrets:
    """The secrets of an event, each with what stands for it: ``replacements`` maps a text, in lower case, to that."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}  # kind to texts in the order in which they were found
        self._v6: dict[str, IPv6Address] = {}
        self._v4: dict[str, IPv4Address] = {}

    # ------------------------------------------------------------------------------------------------------------ finding

    def look_at_field(self, path: str, text: str) -> None:
        """Take the names that a field holds, by the field's own name."""
        text = text.strip()
        if not text or len(text) > 300 or "\n" in text:
            return
        name = path.rpartition(".")[2]
        if _GUID_FIELD.search(name):
            for found in _GUID.findall(text):
                if found.strip("0-"):
                    self._note("guid", found)
            if not _GUID.search(text) and re.fullmatch(r"[0-9a-f]{32,64}", text, re.IGNORECASE):
                self._note("hash", text)
        elif _DOMAIN_FIELD.search(name):
            self._domain(text)
        elif _HOST_FIELD.search(path) and not name.lower().endswith(("type", "id")):
            self._host(text)
        elif _USER_FIELD.search(name):
            self._account(text)

    def look_at_text(self, path: str, text: str) -> None:
        """Take what any text shows of hosts, accounts and addresses."""
        for found in SID.findall(text):
            self._note("sid", found)
        for found in _MAC.finditer(text):
            self._note("mac", found[0])
        if not _VERSION_FIELD.search(path):
            self._addresses(text)
        for local, domain in _MAIL.findall(text):
            self._mail(local, domain)
        for found in _PROFILE.findall(text):
            self._user(found.strip())
        for found in (*_UNC.findall(text), *_INTERNAL.findall(text)):
            self._host(found)
        for listed in _HOSTS.findall(text):
            for found in re.split(r"[\s,\"']+", listed):
                self._host(found)
        for found in _USERS.findall(text):
            self._account(found)
        for found in _PASSWORD.findall(text):
            self._note("password", found)

    def _addresses(self, text: str) -> None:
        for found in _V6.findall(text):
            try:
                address = IPv6Address(found)
            except ValueError:
                continue
            if not _is_plain(address):
                self._v6[found.lower()] = address
        for found in _V4.findall(text):
            octets = [int(part) for part in found.split(".")]
            if max(octets) < 256 and not _is_plain(v4 := IPv4Address(bytes(octets))):
                self._v4[found] = v4

    def _account(self, text: str) -> None:
        if "@" in text and (found := _MAIL.fullmatch(text)):
            self._mail(*found.groups())
            return
        domain, _, user = text.replace("/", "\\").rpartition("\\")
        if domain := domain.strip("\\"):
            self._domain(domain)
        self._user(user)

    def _mail(self, local: str, domain: str) -> None:
        self._domain(domain)
        self._user(local)
        if not _COMMON_DOMAINS.fullmatch(domain):
            self._note("mail", f"{local}@{domain}")

    def _user(self, text: str) -> None:
        if text.endswith("$"):
            self._host(text[:-1])
        elif text and not _COMMON_USERS.fullmatch(text) and not SID.fullmatch(text) and not text.startswith("%"):
            self._note("user", text)

    def _domain(self, text: str) -> None:
        text = text.strip(".")
        if not text or _COMMON_DOMAINS.fullmatch(text) or _V4.fullmatch(text) or _COMMON_HOSTS.fullmatch(text):
            return
        if "." not in text:
            self._note("netbios", text)
            return
        self._note("dns", text)
        labels = text.split(".")
        for label in labels[:-1]:
            if len(label) > 3 and label.lower() not in _COMMON_LABELS and not label.isdecimal():
                self._note("netbios", label)

    def _host(self, text: str) -> None:
        text = text.strip(" .\"'\\")
        if not text or _COMMON_HOSTS.fullmatch(text) or _V4.fullmatch(text) or ":" in text or text.isdecimal():
            return
        host, _, domain = text.partition(".")
        if "." in domain or domain:
            self._domain(domain)
            self._note("fqdn", text)
        if host and not _COMMON_HOSTS.fullmatch(host):
            self._note("host", host)

    def _note(self, kind: str, text: str) -> None:
        if text.strip():
            self._found.setdefault(kind, {}).setdefault(text.lower())

    # ---------------------------------------------------------------------------------------------------------- replacing

    @property
    def replacements(self) -> dict[str, str]:
        """What stands for each secret. No replacement holds a secret, as far as there is one that doesn't."""
        originals = {text for texts in self._found.values() for text in texts} | set(self._v4) | set(self._v6)
        chosen: dict[str, str] = {}
        for kind in ("netbios", "dns", "host", "fqdn", "user", "mail", "sid", "guid", "hash", "mac", "password"):
            names = _candidates(kind, originals)
            for text in self._found.get(kind, ()):
                if text not in chosen:
                    chosen[text] = self._for(kind, text, chosen, names)
        self._replace_addresses(chosen)
        return chosen

    def _for(self, kind: str, text: str, chosen: dict[str, str], names: Iterator[str]) -> str:
        if kind == "fqdn":
            host, _, domain = text.partition(".")
            return f"{chosen.get(host, host)}.{chosen.get(domain, 'example.com')}".lower()
        if kind == "mail":
            local, _, domain = text.partition("@")
            return f"{chosen.get(local, local)}@{chosen.get(domain, 'example.com')}".lower()
        if kind == "sid":
            return _documented_sid(text, chosen)
        return next(names)

    def _replace_addresses(self, chosen: dict[str, str]) -> None:
        known4: dict[IPv4Address, str] = {}
        known6: dict[IPv6Address, str] = {}
        inside = (f"192.0.2.{number}" for number in range(1, 255))
        outside = (f"{net}.{number}" for net in ("198.51.100", "203.0.113") for number in range(1, 255))
        for text, v4 in self._v4.items():
            if v4 not in known4:
                known4[v4] = next(inside if v4.is_private else outside, "192.0.2.255")
            chosen[text] = known4[v4]
        numbers = count(1)
        for spelling, v6 in self._v6.items():
            if v6 not in known6:
                mapped = v6.ipv4_mapped
                known6[v6] = f"::ffff:{known4[mapped]}" if mapped in known4 else f"2001:db8::{next(numbers):x}"
            chosen[spelling] = known6[v6]


def _is_plain(address: IPv4Address | IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return any(address in network for network in _PLAIN_ADDRESSES if network.version == address.version)


_FORMS = {
    "netbios": "EXAMPLE{}",
    "dns": "example{}",
    "host": "host{}",
    "user": "user{}",
    "guid": "00000000-0000-4000-8000-{:012d}",
    "hash": "{:040d}",
    "mac": "00-00-5e-00-53-{:02x}",
    "password": "Placeholder-{}",
}
#: Other words, for an event that is about those above.
_SPARE = {"netbios": "TEST{}", "dns": "d{}.test", "host": "pc{}", "user": "person{}", "password": "Word-{}"}


def _candidates(kind: str, originals: Iterable[str]) -> Iterator[str]:
    """Names for a kind of secret, none of which holds one of the secrets."""
    long = [text for text in originals if len(text) > 2]

    def fits(name: str) -> bool:
        return not any(text in name.lower() for text in long)

    if kind == "dns":
        yield from filter(fits, ("example.com", "example.net", "example.org"))
    elif kind == "netbios" and fits("EXAMPLE"):
        yield "EXAMPLE"
    first = 2 if kind == "netbios" else 1
    for form in (_FORMS.get(kind, "x{}"), _SPARE.get(kind)):
        if form is not None and fits(form.format(1)[:-1]):
            for number in count(first):
                name = f"d{number}.example" if kind == "dns" and form == _FORMS["dns"] else form.format(number)
                if fits(name):
                    yield name
    for number in count(1):
        yield f"z{number}"


def _documented_sid(text: str, chosen: dict[str, str]) -> str:
    """A SID of the same form; well-known ends (500, 513) stay, so that what they mean stays."""
    parts = text.split("-")
    machine = "-".join(parts[:7])
    number = 1 + sum(key.startswith("s-1-") for key in chosen)
    known = {"-".join(key.split("-")[:7]): value for key, value in chosen.items() if key.startswith("s-1-")}
    if machine in known:
        base = "-".join(known[machine].split("-")[:7])
    else:
        base = "-".join((*parts[:4], "1111111111", "2222222222", f"333333{3000 + number:04d}")).upper()
    rest = parts[7:]
    if rest and int(rest[0]) >= 1000:
        rest = [str(1100 + number), *rest[1:]]
    return "-".join((base, *rest))


def sid_bytes(text: str) -> list[int]:
    """A SID as Windows keeps it: revision, number of parts, authority, parts of 4 bytes each."""
    parts = [int(part) for part in text.split("-")[1:]]
    authorities = [byte for part in parts[2:] for byte in part.to_bytes(4, "little")]
    return [parts[0], len(parts) - 2, *parts[1].to_bytes(6, "big"), *authorities]
