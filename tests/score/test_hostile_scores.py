"""Damaged and hostile score files: each ends in one DataError, whose one line names the file, and in nothing else."""

import io
import socket
import struct
import zipfile
from pathlib import Path

import pytest

from dp.errors import DataError
from dp.score import read_score
from tests.score import xml

CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
CONTAINER_NAME = "META-INF/container.xml"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a score was about to open a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def reason_of(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(DataError) as caught:
        read_score(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert len(line) < len(str(path)) + 300
    return line.removeprefix(f"{path}: ")


def archive(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def mxl(document: str) -> bytes:
    return archive({CONTAINER_NAME: CONTAINER.format("score.xml"), "score.xml": document})


def with_doctype(document: str, doctype: str) -> str:
    return f'<?xml version="1.0"?><!DOCTYPE score-partwise {doctype}>{document}'


def test_compressed_score_is_read(tmp_path: Path) -> None:
    path = xml.write(tmp_path, mxl(xml.document(xml.part(xml.note("C")))), "good.mxl")
    assert read_score(path).notes.pitch.tolist() == [60]


def test_doctype_of_musicxml_is_accepted_and_not_fetched(tmp_path: Path, no_network: None) -> None:
    url = '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd"'
    document = with_doctype(xml.document(xml.part(xml.note("C"))), f"PUBLIC {url}")
    assert read_score(xml.write(tmp_path, document)).notes.pitch.tolist() == [60]


def test_utf16_is_read(tmp_path: Path) -> None:
    document = f'<?xml version="1.0" encoding="UTF-16"?>{xml.document(xml.part(xml.note("C")))}'
    assert read_score(xml.write(tmp_path, document.encode("utf-16"))).notes.pitch.tolist() == [60]


def test_billion_laughs_is_refused(tmp_path: Path) -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    document = with_doctype(xml.document(xml.part(xml.note("C")), head="&a9;"), f"[{entities}]")
    assert reason_of(xml.write(tmp_path, document)).startswith("declares the XML entity 'a0'")
    assert reason_of(xml.write(tmp_path, mxl(document), "bomb.mxl")).startswith("declares the XML entity 'a0'")


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY leak SYSTEM "file:///etc/passwd">',
        '<!ENTITY leak SYSTEM "http://example.org/leak">',
        '<!ENTITY % leak SYSTEM "http://example.org/leak.dtd"> %leak;',
    ],
)
def test_external_entities_are_refused(tmp_path: Path, no_network: None, declaration: str) -> None:
    document = with_doctype(xml.document(xml.part(xml.note("C"))), f"[{declaration}]")
    assert reason_of(xml.write(tmp_path, document)).startswith("declares the XML entity 'leak'")


def test_container_is_read_as_carefully_as_the_score(tmp_path: Path) -> None:
    container = with_doctype(CONTAINER.format("&a;"), '[<!ENTITY a "score.xml">]')
    data = archive({CONTAINER_NAME: container, "score.xml": xml.document(xml.part(xml.note("C")))})
    assert reason_of(xml.write(tmp_path, data, "score.mxl")).startswith("declares the XML entity 'a'")


def test_attribute_defaults_are_refused(tmp_path: Path) -> None:
    document = with_doctype(xml.document(xml.part(xml.note("C"))), f'[<!ATTLIST note big CDATA "{"x" * 1000}">]')
    assert reason_of(xml.write(tmp_path, document)).startswith("declares the XML attribute 'big' of 'note'")


def test_unknown_entity_is_refused(tmp_path: Path) -> None:
    document = with_doctype(xml.document(xml.part(xml.note("C")), head="&eacute;"), 'SYSTEM "partwise.dtd"')
    assert "uses the XML entity 'eacute'" in reason_of(xml.write(tmp_path, document))


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    bomb = xml.document(xml.part(xml.note("C")), head=" " * 30_000_000)
    reason = reason_of(xml.write(tmp_path, mxl(bomb), "bomb.mxl"))
    assert reason.startswith("unpacks 'score.xml' to more than")
    assert "zip bomb" in reason


def test_zip_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    data = mxl(xml.document(xml.part(xml.note("C")), head=" " * 30_000_000))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        true_size = file.getinfo("score.xml").file_size
    data = data.replace(struct.pack("<I", true_size), struct.pack("<I", 500))
    assert "damaged zip archive" in reason_of(xml.write(tmp_path, data, "bomb.mxl"))


@pytest.mark.parametrize(
    "name", ["../../score.xml", "/etc/passwd", "..\\score.xml", "C:\\score.xml", "file:///etc/passwd"]
)
def test_root_file_outside_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    data = archive({CONTAINER_NAME: CONTAINER.format(name), "score.xml": xml.document(xml.part(xml.note("C")))})
    assert "which leaves the archive" in reason_of(xml.write(tmp_path, data, "escape.mxl"))


@pytest.mark.parametrize("name", ["./folder/score.xml", "folder\\score.xml"])
def test_root_file_may_be_named_otherwise_than_its_member(tmp_path: Path, name: str) -> None:
    document = xml.document(xml.part(xml.note("C")))
    data = archive({CONTAINER_NAME: CONTAINER.format(name), "folder/score.xml": document})
    assert read_score(xml.write(tmp_path, data, "score.mxl")).notes.pitch.tolist() == [60]


def test_member_outside_the_archive_is_refused(tmp_path: Path) -> None:
    document = xml.document(xml.part(xml.note("C")))
    data = archive({CONTAINER_NAME: CONTAINER.format("score.xml"), "score.xml": document, "../../evil.txt": "x"})
    assert reason_of(xml.write(tmp_path, data, "escape.mxl")).startswith(
        "names the file '../../evil.txt', which leaves"
    )


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"score.xml": "<score-partwise/>"}, "has no META-INF/container.xml"),
        ({CONTAINER_NAME: "<container/>"}, "names no root file"),
        ({CONTAINER_NAME: CONTAINER.format("score.xml")}, "holds no such file"),
        ({CONTAINER_NAME: "container"}, "is not well-formed XML"),
    ],
)
def test_archives_without_a_score_are_refused(tmp_path: Path, members: dict[str, str | bytes], reason: str) -> None:
    assert reason in reason_of(xml.write(tmp_path, archive(members), "score.mxl"))


def test_archive_packed_by_an_unusual_method_is_refused(tmp_path: Path) -> None:
    data = archive({CONTAINER_NAME: CONTAINER.format("score.xml"), "score.xml": "<x/>"}, zipfile.ZIP_LZMA)
    assert "by method 14, expected deflate" in reason_of(xml.write(tmp_path, data, "score.mxl"))


def test_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    data = archive({f"{i}.xml": "" for i in range(1001)})
    assert "holds 1001 files, expected at most 1000" in reason_of(xml.write(tmp_path, data, "score.mxl"))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_truncated_archive_is_refused(tmp_path: Path, kept: float) -> None:
    data = mxl(xml.document(xml.part(xml.note("C"))))
    assert "is a damaged zip archive" in reason_of(xml.write(tmp_path, data[: int(kept * len(data))], "cut.mxl"))


def test_flipped_byte_in_the_packed_score_is_refused(tmp_path: Path) -> None:
    data = bytearray(mxl(xml.document(xml.part(xml.note("C")))))
    data[data.rindex(b"score.xml", 0, len(data) // 2) + 60] ^= 0xFF
    assert "is a damaged zip archive" in reason_of(xml.write(tmp_path, bytes(data), "flipped.mxl"))


def test_text_named_mxl_and_archive_named_musicxml_are_told_apart(tmp_path: Path) -> None:
    document = xml.document(xml.part(xml.note("C")))
    assert "is not a zip archive" in reason_of(xml.write(tmp_path, document, "score.mxl"))
    assert "is a zip archive" in reason_of(xml.write(tmp_path, mxl(document), "score.musicxml"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty (0 bytes)"),
        ("Dear diary", "is not well-formed XML"),
        ("<score-partwise><part>", "is not well-formed XML"),
        ("<html/>", "with the root <html>, not a MusicXML score"),
        ("<score-partwise/>", "has no parts"),
        ('<?xml version="1.0" encoding="klingon"?><score-partwise/>', "encoding"),
    ],
)
def test_files_that_are_no_score_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    assert reason in reason_of(xml.write(tmp_path, content))


def test_score_without_notes_is_refused(tmp_path: Path) -> None:
    assert reason_of(xml.write(tmp_path, xml.document(xml.part(xml.rest("4"))))).startswith("has 0 notes with a pitch")


def test_missing_file_folder_and_unknown_suffix_are_refused(tmp_path: Path) -> None:
    assert reason_of(tmp_path / "missing.mxl").startswith("does not exist")
    (tmp_path / "folder.musicxml").mkdir()
    assert reason_of(tmp_path / "folder.musicxml").startswith("is not a file")
    assert "has the suffix '.pdf', expected one of .musicxml, .mxl" in reason_of(xml.write(tmp_path, "x", "score.pdf"))


def test_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert len(read_score(xml.write(tmp_path, xml.document(xml.part(xml.note("C"))), "SCORE.XML")).notes) == 1


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "nests XML elements more than 64 deep" in reason_of(xml.write(tmp_path, "<a>" * 100_000))


def test_too_many_elements_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.xmltree.MAX_ELEMENT_COUNT", 10)
    assert "has more than 10 XML elements" in reason_of(xml.write(tmp_path, xml.document(xml.part(xml.note("C")))))


def test_file_larger_than_any_score_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.files.MAX_FILE_BYTE", 100)
    assert "is larger than 100 bytes" in reason_of(xml.write(tmp_path, " " * 101))


def test_divisions_that_share_no_grid_are_refused(tmp_path: Path) -> None:
    odd = "<attributes><divisions>{}</divisions></attributes>" + xml.note("C", "1")
    bars = [odd.format(prime) for prime in (99991, 99989, 99971, 99961)]
    assert "share no grid" in reason_of(xml.write(tmp_path, xml.document(xml.part(*bars))))
