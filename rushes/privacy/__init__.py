"""Finding what must not be shown, and hiding it.

``faces`` finds faces in a frame, ``regions`` carries them over the frames between samples, ``redact`` hides them in
pixels. Blurring is data: regions are rows of ``redactions``, and every path by which pixels leave applies them.
"""
