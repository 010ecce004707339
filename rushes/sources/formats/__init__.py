"""The formats in which videos and annotations are handed over, one module each; ``known`` lists them.

Also here: what several of them share: lines and rows of text (``lines``, ``rows``), where a manifest's videos are
(``named``, ``media``), folders of pictures (``pictures``, ``tree``). Not here: what becomes of what they find.
"""
