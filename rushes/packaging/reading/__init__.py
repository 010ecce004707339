"""The parts of the reader of native data sets, from the bytes up.

``files`` fetches bytes by path and range, ``shards`` finds a sequence's rows in the tables of its shard, ``jpeg``
decodes, ``cells`` is what one sequence's value is to a person, ``films`` its images where they are frames of films,
``columns`` one kind of value for every sequence. Not here: the data set itself (``rushes.packaging.reader``).
"""
