"""What a page of a published system plans: which rows are judged on what, under which protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Rows that are judged on the same clips, under two protocols.

    Args:
        title: corpus and words, as the page calls it.
        rows: recipes of the system, without its name.
        own: the protocol that measures what the report measured.
        apart: the protocol that keeps speakers apart; empty where the corpus allows none.
        words: that are judged; the protocol's where nothing is said.
        apart_words: those judged with speakers apart, where they are fewer.
        clips: kinds of corpora that are taken in the place of the protocol's, such as filmed clips for heard ones.
        people: how many speakers must be there for the figure to mean what the title says; 0 for any.
        reported: by row, where the report's figure on these clips is another than the recipe's; None for none.
        sweeps: rows whose variants are judged here too.
        about: what a reader must know.
    """

    title: str
    rows: tuple[str, ...]
    own: str
    apart: str = ""
    words: tuple[str, ...] = ()
    apart_words: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()
    people: int = 0
    reported: Mapping[str, float | None] = field(default_factory=dict)
    sweeps: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class System:
    """A published system and where its rows are judged.

    Args:
        name: of its folder of recipes.
        title: what it is.
        source: of the report.
        settings: what is judged, in the order of the page.
        remarks: what a reader must know of all of it.
    """

    name: str
    title: str
    source: str
    settings: tuple[Setting, ...]
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        """All rows, each once."""
        return tuple(dict.fromkeys(row for setting in self.settings for row in setting.rows))


GREY = (
    "The faces at hand are grey where the report had colour, and show two actors of RAVDESS where it had 24: their "
    "rows tell what the protocol measures, not how good the network can be."
)
"""Said on every page with faces of `ravdess-faces`."""

SCRATCH = (
    "Where the report began with weights learned on ImageNet or on faces (VGG-face), none of which are at hand, ours "
    "begin from scratch or with the shipped face network; the recipe says which."
)
"""Said on every page with rows that the report began so."""

TWO_ACTORS = (
    "Of two people no interval over people can be drawn: clips are drawn, and the interval says nothing of others."
)
"""Said of settings on faces."""
