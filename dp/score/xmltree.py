"""XML that may be hostile is parsed to an element tree here, by the expat parser of the standard library.

MusicXML files start with a DOCTYPE that points to a DTD on the web. It is never fetched. A file that declares something
itself is refused: entities can grow exponentially or pull in other files, and attribute defaults are not needed.
"""

import codecs
import re
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from dp.errors import DataError

MAX_DEPTH = 64  # MusicXML nests about 10 deep
MAX_ELEMENT_COUNT = 3_000_000  # an orchestral symphony has about one million
_ENCODING = re.compile(rb"<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_HOSTILE = "do not use this file: it may be hostile"


def _find_true_encoding(data: bytes) -> str | None:
    """Find the encoding of a document that is in another one than it says; None where it says the right one.

    Programs write what is not UTF-8 under its name, and UTF-8 under that of UTF-16.
    """
    declared = _ENCODING.match(data)
    name = "utf-8" if declared is None else declared[1].decode("ascii", "replace").casefold()
    if name == "utf-16" and declared is not None:
        return "utf-8"  # the declaration is in single bytes, so the rest is, too
    if (
        name not in ("utf-8", "utf8")
        or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        or b"\0" in data[:4]
    ):
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return None


def parse_xml(data: bytes, path: Path) -> Element:
    """Parse an XML document and return its root element.

    Args:
        data: the document.
        path: the file, for the errors.

    Raises:
        DataError: it is not well-formed, declares entities or attributes, uses an unknown entity, nests too deep or
            has too many elements.
    """
    data = data.removeprefix(codecs.BOM_UTF8).lstrip()  # no line may stand before the declaration
    builder = TreeBuilder()
    depth = 0
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > MAX_DEPTH:
            raise DataError(path, f"nests XML elements more than {MAX_DEPTH} deep", _HOSTILE)
        if count > MAX_ELEMENT_COUNT:
            raise DataError(path, f"has more than {MAX_ELEMENT_COUNT} XML elements", _HOSTILE)
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse_entity(name: str, *_: object) -> None:
        raise DataError(path, f"declares the XML entity {name[:40]!r}, which no score needs", _HOSTILE)

    def refuse_attribute(element: str, attribute: str, *_: object) -> None:
        raise DataError(
            path, f"declares the XML attribute {attribute[:40]!r} of {element[:40]!r}, which no score needs", _HOSTILE
        )

    def refuse_skipped(name: str, *_: object) -> None:
        raise DataError(path, f"uses the XML entity {name[:40]!r}, which is not defined", "write the character itself")

    parser = expat.ParserCreate(_find_true_encoding(data))
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse_entity
    parser.AttlistDeclHandler = refuse_attribute
    parser.SkippedEntityHandler = refuse_skipped
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DataError(path, f"is not well-formed XML ({error})", "export it again") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or a multi-byte one
        raise DataError(path, f"is in an encoding that cannot be read ({error})", "export it as UTF-8") from error
    return builder.close()
