"""What docs/extending.md says."""

import re

from tests.factories import REPOSITORY

PAGE = REPOSITORY / "docs" / "extending.md"


def checklist(title: str) -> str:
    """The section of docs/extending.md with this heading."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    (found,) = [section for section in sections if section.startswith(f"{title}\n")]
    return found


def missing_files(title: str) -> list[str]:
    """Files that a checklist names and that are not there; names with a <part> to fill in are passed over."""
    named = re.findall(r"`([\w./<>-]+\.(?:py|yaml|toml|md))`", checklist(title))
    assert len(named) >= 2, f"{title}: a checklist names its files"
    return [name for name in named if "<" not in name and not (REPOSITORY / name).is_file()]
