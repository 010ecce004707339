"""Which weights there are and how a network file is read and run.

Here: the registry of model files, fetching them, reading checkpoints, and ONNX Runtime sessions. Not here: what a
room does with a network's output (detections, faces, vectors, cuts), which stands in that room.
"""
