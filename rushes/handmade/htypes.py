"""Which types of columns there are, by the names that are declared.

Here: the list. Not here: what each does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rushes.errors import SettingsError
from rushes.handmade.arrays import ArrayKind, LabelKind, SequenceKind
from rushes.handmade.boxes import BoxKind, BoxSequenceKind
from rushes.handmade.images import ImageKind, ImageSequenceKind
from rushes.handmade.kinds import Declaration, Kind
from rushes.handmade.texts import JsonKind, TextKind, TextSequenceKind
from rushes.handmade.videos import LinkedVideoKind, VideoKind

HTYPES: Mapping[str, Callable[[Declaration], Kind]] = MappingProxyType(
    {
        "video": VideoKind,
        "link[video]": LinkedVideoKind,
        "image": ImageKind,
        "sequence[image]": ImageSequenceKind,
        "bbox": BoxKind,
        "sequence[bbox]": BoxSequenceKind,
        "class_label": LabelKind,
        "sequence[class_label]": lambda declared: SequenceKind(declared, LabelKind(declared)),
        "text": TextKind,
        "sequence[text]": lambda declared: TextSequenceKind(declared, TextKind(declared)),
        "json": JsonKind,
        "sequence[json]": lambda declared: TextSequenceKind(declared, JsonKind(declared)),
        "generic": ArrayKind,
        "sequence[generic]": lambda declared: SequenceKind(declared, ArrayKind(declared)),
        "sequence[]": lambda declared: SequenceKind(declared, ArrayKind(declared)),
    }
)


def kind(declared: Declaration) -> Kind:
    """Return the kind of a declared column. Raises ``SettingsError`` for a type that there is not."""
    if declared.htype not in HTYPES:
        raise SettingsError(f"htype {declared.htype!r}: there are {', '.join(HTYPES)}")
    return HTYPES[declared.htype](declared)
