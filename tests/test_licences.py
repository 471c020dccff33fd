"""Which licences of recordings let a model be released, however they are spelled."""

import pytest

from dp.corpora.demo.corpus import LICENCE as DEMO_LICENCE
from dp.errors import DataError
from dp.licences import check_release, find_release_obstacle, list_licences, list_performers, read_licence
from dp.types import Source

COMMERCE, DERIVATIVES = "forbids commercial use", "forbids derivatives"
BOTH = "forbids commercial use and derivatives"
UNKNOWN, OTHER = "is unknown", "is not known to allow it"


@pytest.mark.parametrize(
    ("licence", "obstacle"),
    [
        # as corpora and sites spell them
        ("PD", ""),
        ("Public Domain", ""),
        ("public-domain", ""),
        ("Public Domain Mark 1.0", ""),
        ("PDM 1.0", ""),
        ("CC0", ""),
        ("CC0-1.0", ""),
        ("CC0 1.0 Universal", ""),
        ("CC Zero", ""),
        ("Creative Commons Zero v1.0 Universal", ""),
        ("https://creativecommons.org/publicdomain/zero/1.0/", ""),
        ("https://creativecommons.org/publicdomain/mark/1.0/deed.de", ""),
        ("CC BY", ""),
        ("CC-BY-4.0", ""),
        ("cc by 3.0 DE", ""),
        ("CC BY-SA 4.0", ""),
        ("Attribution 4.0 International (CC BY 4.0)", ""),
        ("Creative Commons Attribution-ShareAlike 4.0", ""),
        ("Creative Commons Attribution license (reuse allowed)", ""),
        ("http://creativecommons.org/licenses/by/3.0/", ""),
        ("https://creativecommons.org/licenses/by-sa/3.0/de/deed.en", ""),
        ("MIT", ""),
        ("Apache-2.0", ""),
        # what forbids something
        ("CC BY-NC", COMMERCE),
        ("CC BY-NC-SA 4.0", COMMERCE),
        ("cc by nc 3.0", COMMERCE),
        ("CC_BY_NC_4.0", COMMERCE),
        ("Creative Commons Attribution-NonCommercial 4.0 International", COMMERCE),
        ("for non-commercial use", COMMERCE),
        ("https://creativecommons.org/licenses/by-nc/4.0/", COMMERCE),
        ("CC BY-ND 4.0", DERIVATIVES),
        ("Creative Commons Attribution-NoDerivs 3.0", DERIVATIVES),
        ("CC BY, no derivatives", DERIVATIVES),
        ("https://creativecommons.org/licenses/by-nd/4.0/legalcode", DERIVATIVES),
        ("CC BY-NC-ND", BOTH),
        ("cc-by-nc-nd-3.0", BOTH),
        ("Attribution-NonCommercial-NoDerivatives 4.0", BOTH),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.fr", BOTH),
        # what says nothing, or nothing that is understood
        ("", UNKNOWN),
        (" ", UNKNOWN),
        ("-", UNKNOWN),
        ("?", UNKNOWN),
        ("unknown", UNKNOWN),
        ("Unknown", UNKNOWN),
        ("None", UNKNOWN),
        ("Creative Commons", OTHER),
        ("CC", OTHER),
        ("BY 4.0", OTHER),
        ("CC BYNC", OTHER),
        ("CC SA 1.0", OTHER),
        ("no CC BY", OTHER),
        ("public", OTHER),
        ("4.0", OTHER),
        ("All rights reserved", OTHER),
        ("for research only", OTHER),
        ("Sampling Plus 1.0", OTHER),
    ],
)
def test_what_stands_in_the_way(licence: str, obstacle: str) -> None:
    assert find_release_obstacle(licence) == obstacle


def test_a_cell_that_says_nothing_states_no_licence() -> None:
    assert [read_licence(cell) for cell in ("", "-", " n/a ", " CC BY ", "PD")] == [
        "unknown",
        "unknown",
        "unknown",
        "CC BY",
        "PD",
    ]


FREE = [Source("a", "ann", "CC BY"), Source("b", "bo", "PD")]
BOUND = [Source(f"k{number}", "kay", "CC BY-NC-ND") for number in range(5)]


def test_licences_and_performers_once_each() -> None:
    assert list_licences([*BOUND, *FREE]) == ("CC BY", "CC BY-NC-ND", "PD")
    assert list_performers([*BOUND, *FREE]) == ("ann", "bo", "kay")
    assert (list_licences([]), list_performers([])) == (("unknown",), ())


def test_what_learned_from_the_demo_corpus_may_be_released() -> None:
    assert find_release_obstacle(DEMO_LICENCE) == ""


def test_free_recordings_may_be_learned_from() -> None:
    check_release("models/ours", {"timing": FREE, "vocoder": FREE[:1]})


def test_what_is_refused_is_named() -> None:
    learned = {"timing": [*FREE, *BOUND, Source("d", "dee", "-")], "synthesis": FREE, "vocoder": []}
    with pytest.raises(DataError) as refused:
        check_release("models/ours", learned)
    assert str(refused.value) == (
        "models/ours: cannot be released: CC BY-NC-ND forbids commercial use and derivatives (k0, k1, k2 and 2 more); "
        "the licence is unknown (d, whatever the vocoder model learned from); "
        "train models without them, or give --allow-licence 'CC BY-NC-ND' 'unknown' "
        "where you may release them all the same"
    )


def test_what_is_allowed_is_no_obstacle() -> None:
    learned = {"timing": BOUND, "vocoder": []}
    with pytest.raises(DataError, match=r"released: CC BY-NC-ND forbids"):
        check_release("models", learned, ["unknown"])
    with pytest.raises(DataError, match=r"released: the licence is unknown \("):
        check_release("models", learned, ["cc by-nc-nd", "CC BY"])
    check_release("models", learned, ["-", "CC BY-NC-ND"])
