"""Data sets as files: one module per output format, and the reader of what was packaged.

Here: what a format's bytes look like, and how they are read back. Nothing is imported by this file, so that the reader
needs numpy, pyarrow and fsspec alone.
"""
