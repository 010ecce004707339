"""Bytes and tables: where everything that Rushes knows is kept.

``objects`` moves bytes (on a ``disk``, in a ``bucket``, ``elsewhere``), ``schemas`` says what a table is, ``tables``
reads and writes their partitions, ``parts`` keeps what was made of each video, ``manifests`` keeps the small documents
(batches, build records), ``failures`` what is known of builds that did not end well, ``rejects`` says why an item was
dropped, ``names`` which names can be used. ``validation`` holds rows to their rules, ``database`` answers SQL,
``document`` writes what is made from the schemas, ``access`` is a store as a person holds it. Nothing here knows what a
frame, a shot or a track means.
"""
