"""Finding what must not be shown, and hiding it.

``faces`` and ``plates`` find them in a frame, ``search`` says which frames are looked at, ``follow`` looks between
samples, ``regions`` carries what was seen over all frames, ``redact`` hides it in pixels. Blurring is data: regions are
rows of ``redactions``, and every path by which pixels leave applies them.
"""
