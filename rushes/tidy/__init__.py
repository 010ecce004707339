"""Tidying a store: what builds left behind and nobody wants any more is removed, once it is old.

``tidy`` removes and tells, ``parts``, ``versions``, ``remains`` say what is left over of each kind. Not here: what
people want gone (``rushes.forget``), and when it is done (``rushes tidy``, schedules).
"""
