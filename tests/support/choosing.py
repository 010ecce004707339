"""The rule of choosing, carried out naively, and small candidates and recipes to try it on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from rushes.selection.choice import CANDIDATE, Candidates, Choice
from rushes.selection.choosing.choose import choose
from rushes.selection.choosing.overlap import Shown, overlap
from rushes.selection.geometry.redundancy import min_redundancy
from rushes.selection.geometry.typicality import typicality
from rushes.selection.recipes.options import Constraints, Diversity, MinRedundancy, Similarity, Typicality
from rushes.selection.recipes.recipe import Recipe

BOXES = [(0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 5.0), (5.0, 0.0, 10.0, 10.0), (50.0, 50.0, 8.0, 8.0)]
BOX_TABLE = pa.schema(
    [(name, pa.string()) for name in ("track_id", "video_id", "batch")]
    + [("frame", pa.int32()), ("t_s", pa.float64()), *((name, pa.float32()) for name in "xywh")]
)
DATABASE = duckdb.connect()
DATABASE.execute("CREATE TABLE videos AS SELECT unnest(['a', 'b', 'c']) AS video_id, 'x-0000' AS batch")


@dataclass(frozen=True, repr=False)
class Case:
    """Candidates, which may be chosen, the boxes of their tracks, and the query of similarity."""

    candidates: Candidates
    usable: np.ndarray
    boxes: list[dict[str, Any]]
    query: np.ndarray

    def __repr__(self) -> str:
        vectors = [] if self.candidates.vectors is None else self.candidates.vectors.tolist()
        return f"{self.candidates.rows.to_pylist()} {vectors} {self.usable} {self.boxes[::3]} {self.query}"

    def choose(self, recipe: Recipe, count: int | None = None) -> list[Choice]:
        with DATABASE.cursor() as connection:
            connection.register("track_boxes", pa.Table.from_pylist(self.boxes, schema=BOX_TABLE))
            places = [place for place, s in enumerate(recipe.strategies) if isinstance(s, Similarity)]
            queries = dict.fromkeys(places, self.query)
            return choose(connection, recipe, self.candidates, self.usable, queries, count=count)


@st.composite
def cases(draw: st.DrawFn, pools: bool = True, exact: bool | None = None) -> Case:
    """A few candidates; vectors along the axes, so that distances are exact and ties many, or any vectors."""
    n = draw(st.integers(1, 11))
    along_axes = draw(st.booleans()) if exact is None else exact
    vectors = np.zeros((n + 1, 4), np.float32)
    if along_axes:
        for row in vectors:
            row[draw(st.integers(0, 3))] = draw(st.sampled_from([-1, 1]))
    else:
        vectors = np.random.default_rng(draw(st.integers(0, 999))).normal(size=(n + 1, 4)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows, boxes = [], []
    for number in range(n):
        video, first = draw(st.sampled_from("aaabc")), draw(st.integers(0, 3)) * 10
        track = f"{video}.t{number:04d}"
        rows.append(
            {
                "sequence_id": f"{track}.s{first:06d}",
                "video_id": video,
                "clip_id": video,
                "track_id": track,
                "class_name": draw(st.sampled_from(["car", "dog", None])),
                "weighted_score": draw(st.sampled_from([0.125, 0.25, 0.5, None])),
                "motion": draw(st.sampled_from([0.0, 0.25, 0.5, None])),
                "first_frame": first,
                "last_frame": first + 2,
                "n_frames": 3,
                "n_padded": 0,
                "pooled": pools and draw(st.integers(0, 4)) == 0,
                "sharpness": draw(st.sampled_from([0.0, 1.0, 4.0, None])),
            }
        )
        box = dict(zip("xywh", draw(st.sampled_from(BOXES)), strict=True))
        for frame in range(first, first + 3):
            about = {"track_id": track, "video_id": video, "batch": "x-0000", "frame": frame, "t_s": frame / 10}
            boxes.append(about | box)
    rows.sort(key=lambda row: str(row["sequence_id"]))
    schema = pa.schema([*CANDIDATE, pa.field("sharpness", pa.float64())])
    candidates = Candidates(pa.Table.from_pylist(rows, schema=schema), vectors[:n])
    usable = np.array([draw(st.integers(0, 7)) > 0 for _ in range(n)])
    return Case(candidates, usable, boxes, vectors[n:])


BY_CHANCE = [{"class_balanced": {"temperature": 0.5}}]
TURNS: list[list[Any]] = [
    [],
    ["video_balanced"],
    ["class_balanced"],
    BY_CHANCE,
    [{"balance": {"target": {"car": 0.6, "bus": 0.1}}}],
    [{"balance": {"target": {"car": 0.75, "dog": 0.0}}}, "video_balanced"],
    ["class_balanced", "video_balanced"],
    ["video_balanced", "class_balanced"],
]
GAINS: list[Any] = [
    "random",
    "max_motion",
    {"weights": {"column": "sharpness"}},
    {"weights": {"column": "sharpness", "strength": 0.5}},
    "diversity",
    {"diversity": {"strength": 2}},
    {"typicality": {"neighbours": 2}},
    {"similarity": {"tracks": ["t"], "strength": 3}},
]


def named(strategy: Any) -> str:
    return strategy if isinstance(strategy, str) else str(next(iter(strategy)))


@st.composite
def recipes(draw: st.DrawFn, rules: bool = True) -> Recipe:
    """Any of the strategies together, with any limits and constraints."""
    turns = draw(st.sampled_from(TURNS))
    gains = draw(st.lists(st.sampled_from(GAINS), max_size=3, unique_by=named))
    if draw(st.integers(0, 5)) == 0:
        gains = [{"min_redundancy": {"epochs": 2}}]
    if gains and turns == BY_CHANCE:  # a temperature has no say beside gains
        turns = ["class_balanced"]
    strategies = draw(st.permutations([*turns, *gains])) or ["random"]
    fields: dict[str, Any] = {"name": "r", "unit": "track", "strategies": strategies, "seed": draw(st.integers(0, 3))}
    if rules:
        fields |= draw(limits())
    return Recipe.model_validate(fields)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Any]:
    """Limits and constraints, few at a time."""
    asked = {
        "min_motion": draw(st.sampled_from([None, None, 0.3])),
        "min_nn_dist": draw(st.sampled_from([None, None, 1.0, 1.6])),
        "max_spt_iou": draw(st.sampled_from([None, None, 0.0, 0.4])),
    }
    constraints: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if "max_spt_iou" in constraints:
        constraints["iou_tbuff"] = draw(st.sampled_from([0.5, 1.0]))
    if constraints:
        constraints["rounds"] = draw(st.integers(1, 5))
        if constraints["rounds"] > 2:
            constraints["relax"] = draw(st.sampled_from([0.5, 0.8]))
    return {
        "per_video": draw(st.sampled_from([None, None, 1, 2])),
        "per_class": draw(st.sampled_from([None, None, 1, 2])),
        "min_distance": draw(st.sampled_from([None, None, 0.5, 1.5])),
        "constraints": constraints,
    }


# ---- The rule, carried out naively ----------------------------------------------------------------------------------


def uniform(seed: int, name: str) -> float:
    return 1 - (int(hashlib.md5(f"{seed}:{name}".encode()).hexdigest()[:13], 16) + 0.5) / 2**52


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(one, other, strict=True)))


class Naive:
    """Looks at everything anew for each choice."""

    def __init__(self, case: Case, recipe: Recipe) -> None:
        self.case, self.recipe = case, recipe
        self.rows = case.candidates.rows.to_pylist()
        assert case.candidates.vectors is not None
        self.vectors = case.candidates.vectors
        self.pooled = [at for at, row in enumerate(self.rows) if row["pooled"]]
        self.turns = [s for s in recipe.strategies if s.role == "turn"]
        self.gains = [s for s in recipe.strategies if s.role == "gain" and not isinstance(s, Diversity)]
        self.diversity = [s for s in recipe.strategies if isinstance(s, Diversity)]
        self.swaps = [s for s in recipe.strategies if isinstance(s, MinRedundancy)]
        self.figures = [self.figure_of(place) for place, s in enumerate(recipe.strategies) if s in self.gains]
        self.open = [
            at
            for at, row in enumerate(self.rows)
            if case.usable[at]
            and not row["pooled"]
            and all(figure[at] is not None for figure in self.figures)
            and all(self.group(turn, at) is not None for turn in self.turns)
            and all(self.weight(turn, at) > 0 for turn in self.turns)
        ]
        if self.swaps:
            self.figures = [self.figure_of_swaps()]
        elif not self.figures and not self.diversity:
            self.figures = [self.figure_by_default()]
        self.chosen: list[int] = []
        self.largest: float | None = None

    def figure_of(self, place: int) -> list[float | None]:
        strategy, usable = self.recipe.strategies[place], self.case.usable | self.case.candidates.pooled
        if isinstance(strategy, Typicality):
            return [float(v) for v in typicality(self.vectors, strategy.neighbours, usable)]
        if isinstance(strategy, Similarity):
            return [float(np.float32(sum(map(math.prod, zip(v.tolist(), self.case.query[0].tolist(), strict=True)))))
                    for v in self.vectors]  # fmt: skip
        if strategy.name == "random":
            return [uniform(self.recipe.seed, row["sequence_id"]) for row in self.rows]
        return [row["motion" if strategy.name == "max_motion" else "sharpness"] for row in self.rows]

    def figure_by_default(self) -> list[float | None]:
        for turn in self.turns:
            if turn.name == "class_balanced":
                return [self.with_noise(row, turn.temperature) for row in self.rows]  # type: ignore[attr-defined]
        return [uniform(self.recipe.seed, row["sequence_id"]) for row in self.rows]

    def with_noise(self, row: dict[str, Any], temperature: float) -> float:
        score = row["weighted_score"]
        if score is None:
            return -math.inf
        noise = -math.log(-math.log(uniform(self.recipe.seed, row["sequence_id"])))
        return float(score) if temperature == 0 else float(score) / temperature + noise

    def figure_of_swaps(self) -> list[float | None]:
        by_chance = sorted(self.open, key=lambda at: (-uniform(self.recipe.seed, self.rows[at]["sequence_id"]), at))
        kinds = [tuple(self.group(turn, at) for turn in self.turns) for at in range(len(self.rows))]
        groups = np.array([sorted(set(kinds), key=str).index(kind) for kind in kinds])
        order = min_redundancy(
            self.vectors, groups, np.array(by_chance, np.int64), len(by_chance),
            pooled=np.array(self.pooled, np.int64), max_swaps=None, epochs=2,
        )  # fmt: skip
        found: list[float | None] = [None] * len(self.rows)
        for place, at in enumerate(order.tolist()):
            found[at] = -float(sum(kinds[before] == kinds[at] for before in order[:place].tolist()))
        return found

    def group(self, turn: Any, at: int) -> str | None:
        row = self.rows[at]
        if turn.name == "balance":
            return row["class_name"] if row["class_name"] in turn.target else "others"
        name: str | None = row["video_id" if turn.name == "video_balanced" else "class_name"]
        return name

    def weight(self, turn: Any, at: int) -> float:
        if turn.name != "balance":
            return 1.0
        return float(turn.target.get(self.group(turn, at), 1 - sum(turn.target.values())))

    def key(self, turn: Any, at: int) -> float:
        had = sum(self.group(turn, other) == self.group(turn, at) for other in self.before())
        return (had + 0.5) / self.weight(turn, at)

    def before(self) -> list[int]:
        return [*self.pooled, *self.chosen]

    def nearest(self, at: int) -> float:
        return min((distance(self.vectors[at], self.vectors[other]) for other in self.before()), default=math.inf)

    def keeps_limits(self, at: int) -> bool:
        def had(column: str) -> int:
            return sum(self.rows[other][column] == self.rows[at][column] for other in self.before())

        recipe, row = self.recipe, self.rows[at]
        return (
            (recipe.per_video is None or had("video_id") < recipe.per_video)
            and (recipe.per_class is None or row["class_name"] is None or had("class_name") < recipe.per_class)
            and (recipe.min_distance is None or self.nearest(at) >= recipe.min_distance)
        )

    def keeps_constraints(self, at: int, asked: Constraints, relaxed: int) -> bool:
        if asked.rounds > 1 and relaxed == asked.rounds - 1:
            return True
        factor, motion = asked.relax**relaxed, self.rows[at]["motion"]
        most = 1.0 if asked.max_spt_iou is None else asked.max_spt_iou / factor
        return (
            (asked.min_motion is None or (motion is not None and motion >= asked.min_motion * factor))
            and (asked.min_nn_dist is None or self.nearest(at) >= asked.min_nn_dist * factor)
            and (most >= 1 or all(self.overlap(at, other) <= most for other in self.before()))
        )

    def overlap(self, one: int, other: int) -> float:
        if self.rows[one]["video_id"] != self.rows[other]["video_id"]:
            return 0.0
        return overlap(self.shown(one), self.shown(other), self.recipe.constraints.iou_tbuff)

    def shown(self, at: int) -> Shown:
        boxes = [box for box in self.case.boxes if box["track_id"] == self.rows[at]["track_id"]]
        sides = [(box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]) for box in boxes]
        return Shown(np.array([box["t_s"] for box in boxes]), np.array(sides))

    def scaled(self, figure: list[float | None], at: int) -> float:
        have = [figure[other] for other in {*self.open, *self.pooled}]
        values = [value for value in have if value is not None and math.isfinite(value)]
        least, most, own = min(values), max(values), figure[at]
        assert own is not None
        return 0.0 if least == most else (own - least) / (most - least)

    def spread(self, at: int, alone: bool) -> float:
        if self.before():
            if self.largest is None:
                self.largest = max(self.nearest(other) for other in self.open if other not in self.chosen)
            share = self.nearest(at) / self.largest if self.largest else 0.0
            return self.nearest(at) if alone else share
        mean = np.mean([self.vectors[other].astype(float) for other in self.open], axis=0)
        away = {other: distance(self.vectors[other], mean) for other in self.open}
        least, most = min(away.values()), max(away.values())
        if alone:
            return -away[at]
        return 0.0 if least == most else (most - away[at]) / (most - least)

    def gain(self, at: int) -> float:
        if len(self.figures) == 1 and not self.diversity:
            own = self.figures[0][at]
            assert own is not None
            return own
        if not self.figures:
            return self.spread(at, alone=True)
        parts = [g.strength * self.scaled(f, at) for g, f in zip(self.gains, self.figures, strict=True)]  # type: ignore[attr-defined]
        parts += [d.strength * self.spread(at, alone=False) for d in self.diversity]
        return sum(parts)

    def steps(self) -> Iterator[tuple[int, float, int]]:
        """Yield each chosen candidate, its sum of gains, and the number of rounds before its own."""
        asked = self.recipe.constraints
        for relaxed in range(asked.rounds):
            while True:
                left = [at for at in self.open if at not in self.chosen and self.keeps_limits(at)]
                left = [at for at in left if not asked or self.keeps_constraints(at, asked, relaxed)]
                for turn in self.turns:
                    lowest = min((self.key(turn, at) for at in left), default=0.0)
                    left = [at for at in left if self.key(turn, at) == lowest]
                if not left:
                    break
                gains = {at: self.gain(at) for at in left}
                best = min(left, key=lambda at: (-gains[at], at))
                yield best, gains[best], relaxed
                self.chosen.append(best)
