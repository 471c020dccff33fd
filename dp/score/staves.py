"""Some staves show what another one plays: tablature beside notes, and the other versions of ossia staves."""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from dp.score.model import WrittenNote
from dp.score.numbers import Place

_SILENT_TYPES = {"ossia", "alternate", "cue"}  # of staves (MusicXML 4.0); "editorial" and "regular" sound
_FIRST = "1"  # the staff of what names none


@dataclass(slots=True)
class Staves:
    """The staves of a part, as far as it has been read."""

    tablature: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    silent_count: int = 0  # notes on silent staves

    def read(self, attributes: Element) -> None:
        """Read what an <attributes> says about staves.

        Args:
            attributes: the element.
        """
        for clef in attributes.iterfind("clef"):
            self._set(self.tablature, clef.get("number", _FIRST), clef.findtext("sign", "").strip() == "TAB")
        for details in attributes.iterfind("staff-details"):
            kind = details.findtext("staff-type")
            if kind is not None:
                self._set(self.silent, details.get("number", _FIRST), kind.strip() in _SILENT_TYPES)

    @staticmethod
    def _set(staves: set[str], number: str, is_in: bool) -> None:
        """Put a staff into a set, or take it out."""
        (staves.add if is_in else staves.discard)(number)

    def silence(self, staff: str) -> bool:
        """Return whether a note on a staff is silent, and count it if it is.

        Args:
            staff: its number; "" = the part has one.
        """
        is_silent = (staff or _FIRST) in self.silent
        self.silent_count += is_silent
        return is_silent

    def drop_tablature(self, notes: list[WrittenNote]) -> list[WrittenNote]:
        """Drop the notes of a bar that tablature shows again.

        Args:
            notes: of the bar, on all staves.
        """
        if not self.tablature:
            return notes
        elsewhere = {_name(note) for note in notes if (note.staff or _FIRST) not in self.tablature}
        return [n for n in notes if (n.staff or _FIRST) not in self.tablature or _name(n) not in elsewhere]

    def warn(self, place: Place) -> None:
        """Warn of the notes that are silent.

        Args:
            place: in the part.
        """
        if self.silent_count:
            place.warn_of_part(f"notes on ossia, alternate or cue staves are left out: {self.silent_count}")


def _name(note: WrittenNote) -> tuple[object, int]:
    """Return what two notes have in common that sound the same: place and pitch."""
    return note.onset_quarter, note.pitch
