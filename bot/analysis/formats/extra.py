"""The packages that a few formats need, and a server that only asks questions does not have."""

import importlib
import importlib.util
from types import ModuleType

from bot.analysis.formats.asked import ExportRefused


def load(package: str, format: str) -> ModuleType:
    """Import a package of the extra `analysis`. Raises ExportRefused, saying how to install it, where it is absent."""
    try:
        return importlib.import_module(package)
    except ImportError as absent:
        raise ExportRefused(
            f"The format {format} needs the package {package.partition('.')[0]}, which is not installed. "
            "Install the extra packages for analysis with: uv sync --extra analysis"
        ) from absent


def is_there(*packages: str) -> bool:
    """Say whether all of these packages are installed, without importing them."""
    return all(importlib.util.find_spec(package) is not None for package in packages)
