"""Bytes and tables: where everything that Rushes knows is kept.

``objects`` moves bytes, ``schemas`` says what a table is, ``tables`` reads and writes their partitions, ``parts`` keeps
finished videos of an unfinished partition, ``manifests`` keeps the small documents (batches, recipes, settings, build
records), ``database`` answers SQL. Nothing here knows what a frame, a shot or a track means.
"""
