"""ONNX files written and edited here are what ONNX Runtime takes them for."""

import numpy as np
import pytest

from rushes.models.inference import onnx_session
from rushes.models.onnx_graph import GraphWriter, free_input_sizes, spell_out_softmax
from rushes.models.registry import locate


def scaled_sum() -> bytes:
    """(a, b) to 0.5 * (a + b) + [[1, 2, 3]] over free rows."""
    graph = GraphWriter()
    a = graph.input("a", np.float32, ["rows", 3])
    b = graph.input("b", np.float32, ["rows", 3])
    half = graph.add("Gemm", graph.add("Add", a, b), graph.constant(np.eye(3, dtype=np.float32)), alpha=0.5)
    graph.output(graph.add("Add", half, graph.constant(np.array([[1, 2, 3]], np.float32))), np.float32, ["rows", 3])
    return graph.to_bytes()


@pytest.mark.parametrize("rows", [1, 4])
def test_a_written_graph_computes_what_it_says(rows: int) -> None:
    a, b = np.random.default_rng(rows).random((2, rows, 3), dtype=np.float32)
    (found,) = onnx_session(scaled_sum()).run(None, {"a": a, "b": b})
    np.testing.assert_allclose(found, 0.5 * (a + b) + [[1, 2, 3]], rtol=1e-6)


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert scaled_sum() == scaled_sum()


def test_a_network_with_freed_input_sizes_agrees_with_the_frozen_one() -> None:
    frozen = locate("centerface").path
    freed = onnx_session(free_input_sizes(frozen.read_bytes()))
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 32, 32)).astype(np.float32)
    expected = onnx_session(frozen).run(None, {"input.1": images})
    for one, other in zip(freed.run(None, {"input.1": images}), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_a_network_with_freed_input_sizes_takes_other_sizes() -> None:
    freed = onnx_session(free_input_sizes(locate("centerface").path.read_bytes()))
    heat = freed.run(["537"], {"input.1": np.zeros((2, 3, 96, 160), np.float32)})[0]
    assert heat.shape == (2, 1, 24, 40)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_a_softmax_spelled_out_is_a_softmax(axis: int) -> None:
    graph = GraphWriter()
    x = graph.input("x", np.float32, [4, 5, 6])
    graph.output(graph.add("Softmax", x, axis=axis), np.float32, [4, 5, 6])
    plain = graph.to_bytes()
    values = 200 * np.random.default_rng(0).standard_normal((4, 5, 6)).astype(np.float32)
    (expected,) = onnx_session(plain).run(None, {"x": values})
    (found,) = onnx_session(spell_out_softmax(plain)).run(None, {"x": values})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.sum(axis=axis), 1, rtol=1e-5)
    assert (b"Softmax" in spell_out_softmax(plain)) == (axis == -1)
