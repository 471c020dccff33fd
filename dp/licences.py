"""Judge the licences of recordings that a model learned from: may such a model be released?"""

import re
from collections.abc import Collection, Iterable, Mapping

from dp.errors import DataError
from dp.types import UNKNOWN, Source

NAMED_COUNT = 3  # recordings that an error names; the model's config.json has all

_NOBODY_SAYS = frozenset({"", "-", "?", "n/a", "none", UNKNOWN})
# Words of names and URLs of Creative Commons licences that neither allow nor forbid anything.
_FILLER = frozenset(
    {"cc", "creative", "commons", "creativecommons", "license", "licence", "licenses", "legalcode", "deed"}
    | {"http", "https", "www", "org", "international", "unported", "generic", "universal", "reuse", "allowed"}
)
_ATTRIBUTION = frozenset({"by", "sa", "attribution", "share", "alike", "sharealike"})
_PUBLIC_DOMAIN = frozenset({"cc0", "zero", "pd", "pdm", "public", "domain", "publicdomain", "mark", "dedication"})
_OTHER_FREE = frozenset({"mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "odc-by-1.0", "odbl-1.0", "pddl-1.0"})


def read_licence(text: str) -> str:
    """Read the licence that a table states; "unknown" where its cell is empty or holds a dash."""
    return UNKNOWN if text.strip().casefold() in _NOBODY_SAYS else text.strip()


def find_release_obstacle(licence: str) -> str:
    """Say what forbids the release of a model that learned from a recording with this licence.

    Args:
        licence: its name or URL, such as "CC BY-NC-SA 4.0", "PD", "https://creativecommons.org/licenses/by/3.0/".

    Returns:
        What stands in the way; empty where nothing does. A licence that is not known here stands in the way, too.

    Example:
        >>> find_release_obstacle("CC BY 4.0"), find_release_obstacle("cc-by-nc-nd-3.0")
        ('', 'forbids commercial use and derivatives')
    """
    if read_licence(licence) == UNKNOWN:
        return "is unknown"
    text = licence.strip().casefold()
    words = set(re.findall(r"[a-z0-9]+", text))
    squeezed = re.sub(r"[^a-z]", "", text)
    forbidden = [
        *(["commercial use"] if "nc" in words or "noncommercial" in squeezed else []),
        *(["derivatives"] if "nd" in words or "noderiv" in squeezed else []),
    ]
    if forbidden:
        return f"forbids {' and '.join(forbidden)}"
    return "" if _is_free(text, words) else "is not known to allow it"


def list_licences(sources: Iterable[Source]) -> tuple[str, ...]:
    """List the licences of what a model learned from, each once; "unknown" where the model does not say."""
    return tuple(sorted({source.licence for source in sources})) or (UNKNOWN,)


def list_performers(sources: Iterable[Source]) -> tuple[str, ...]:
    """List who plays what a model learned from, each once."""
    return tuple(sorted({source.performer for source in sources}))


def check_release(subject: object, trained_on: Mapping[str, Collection[Source]], allowed: Collection[str] = ()) -> None:
    """Refuse models for release that learned from recordings whose licence forbids it, or is unknown.

    Args:
        subject: what an error names: the folder of the models.
        trained_on: by a model's name what it learned from; nothing, where a model does not say.
        allowed: licences that are no obstacle here, "unknown" among them; upper and lower case are the same.

    Raises:
        DataError: a licence stands in the way; the error names it and the recordings.
    """
    granted = {read_licence(licence).casefold() for licence in allowed}
    by_licence: dict[str, set[str]] = {}
    for model, sources in trained_on.items():
        if not sources:
            by_licence.setdefault(UNKNOWN, set()).add(f"whatever the {model} model learned from")
        for source in sources:
            by_licence.setdefault(read_licence(source.licence), set()).add(source.recording_id)
    refused = {
        licence: sorted(names)
        for licence, names in sorted(by_licence.items())
        if licence.casefold() not in granted and find_release_obstacle(licence)
    }
    if refused:
        reasons = [_reason(licence, names) for licence, names in refused.items()]
        options = " ".join(f"'{licence}'" for licence in refused)
        advice = f"train models without them, or give --allow-licence {options} where you may release them all the same"
        raise DataError(subject, f"cannot be released: {'; '.join(reasons)}", advice)


def _is_free(text: str, words: Collection[str]) -> bool:
    """Return whether a licence that forbids neither commercial use nor derivatives is known to allow both."""
    telling = {word for word in words if not word.isdigit() and word not in _FILLER}
    # Countries and languages ("3.0/de/deed.en") are words of two letters, "no" may mean Norway or not.
    telling -= {word for word in telling if len(word) == 2 and word not in _ATTRIBUTION | _PUBLIC_DOMAIN | {"no"}}
    is_creative = not {"cc", "creativecommons", "creative"}.isdisjoint(words)
    if telling <= _ATTRIBUTION:
        return is_creative and not {"by", "attribution"}.isdisjoint(telling)
    if telling <= _PUBLIC_DOMAIN:
        named = not {"cc0", "pd", "pdm", "publicdomain"}.isdisjoint(telling)
        return named or {"public", "domain"} <= telling or (is_creative and "zero" in telling)
    return text in _OTHER_FREE


def _reason(licence: str, names: list[str]) -> str:
    said = "the licence is unknown" if licence == UNKNOWN else f"{licence} {find_release_obstacle(licence)}"
    shown = ", ".join(names[:NAMED_COUNT])
    return f"{said} ({shown}{f' and {len(names) - NAMED_COUNT} more' if len(names) > NAMED_COUNT else ''})"
