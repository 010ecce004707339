"""Looking at a few frames a second hides what looking at every frame would find."""

from pathlib import Path

import numpy as np
import pytest
from real_clips import cut

from rushes.privacy.faces import FaceDetector
from rushes.settings import Filters, Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.video.media import open_video
from rushes.work.build import build


@pytest.mark.parametrize(("name", "start", "end"), [("bikes", 30, 76), ("bikes", 76, 137), ("carphone", 0, 60)])
def test_every_frame_s_faces_are_covered(store: Objects, tmp_path: Path, name: str, start: int, end: int) -> None:
    register(store, [str(cut(name, tmp_path / "faces.mp4", start, end))], "faces")
    for asset in ("raw_videos", "scene_clips", "filtered_clips"):
        build(store, STEPS[asset], "faces-0000", Settings(filters=Filters(min_duration_s=0)), workers=0)
    with connect(store) as connection:
        (video,) = connection.execute("SELECT * FROM videos").to_arrow_table().to_pylist()
        packets = connection.execute("SELECT * FROM packets ORDER BY frame").to_arrow_table()
        hidden = connection.execute("SELECT frame, x, y, w, h FROM redactions").fetchall()
    detector = FaceDetector(threshold=0.6, height=360)
    size = detector.fit(video["width"], video["height"])
    scale = np.array([video["width"] / size[0], video["height"] / size[1]] * 2)
    seen = 0
    with open_video(store, video, packets) as reader:
        for number, picture in reader.frames(range(len(reader)), size):
            for box in detector([picture])[0].boxes * scale:
                seen += 1
                shown = np.ones((video["height"], video["width"]), bool)
                for frame, x, y, w, h in hidden:
                    if frame == number:
                        shown[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))] = False
                x, y, w, h = (round(float(v)) for v in box)
                assert shown[y : y + h, x : x + w].mean() <= 0.05, f"a face in frame {number} is not covered"
    assert seen > 5
