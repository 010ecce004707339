"""A choice in words: whose turn it was, the figure, what is nearest, and how constraints had been relaxed.

Here: those words. Not here: any figure.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushes.selection.choosing.gains import Figure
from rushes.selection.choosing.turns import Turn
from rushes.selection.choosing.walk import Taken


def why(
    taken: Taken, turns: Sequence[Turn], figures: Sequence[Figure], spread: float | None, near: tuple[str, float] | None
) -> str:
    """Return the words for one choice.

    ``figures``: those that it was taken for; ``spread``: diversity's strength, None without it; ``near``: the id of the
    nearest one before and its distance, None where there is none.
    """
    words = [turn.words(taken.at, number) for turn, number in zip(turns, taken.numbers, strict=True)]
    if len(figures) + (spread is not None) > 1:
        words.append(_sum(taken, figures, spread))
    words += [figure.words(taken.at) for figure in figures]
    if spread is not None and near is not None:
        words.append(nearness(near))
    elif spread is not None and not figures:
        words.append("nearest of these to the mean of the candidates")
    return _said(words, taken)


def by_swaps(taken: Taken, turns: Sequence[Turn], near: tuple[str, float] | None) -> str:
    """Return the words for a choice of min_redundancy."""
    words = [turn.words(taken.at, number) for turn, number in zip(turns, taken.numbers, strict=True)]
    return _said([*words, "the first" if near is None else nearness(near)], taken)


def nearness(near: tuple[str, float] | None) -> str:
    """Say how far a choice is from the nearest one before it, as in "0.4312 from v.s000010, the nearest chosen"."""
    if near is None:
        return "nearest to the mean of the candidates"
    return f"{near[1]:.4f} from {near[0]}, the nearest chosen"


def _said(words: Sequence[str], taken: Taken) -> str:
    return "; ".join(part for part in (", ".join(filter(None, words)), taken.round.words()) if part)


def _sum(taken: Taken, figures: Sequence[Figure], spread: float | None) -> str:
    terms = [_term(f.strength, f.name, f.scaled[taken.at]) for f in figures if f.scaled is not None]
    if spread is not None and taken.spread is not None:
        terms.append(_term(spread, "diversity", taken.spread))
    return f"{taken.score:.4g} = {' + '.join(terms)}"


def _term(strength: float, name: str, value: float) -> str:
    return f"{'' if strength == 1 else f'{strength:.4g} × '}{name} {value:.4g}"
