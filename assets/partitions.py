"""The two ways in which assets are partitioned: by batch of videos, and by recipe."""

import dagster as dg

batches = dg.DynamicPartitionsDefinition(name="batches")
recipes = dg.DynamicPartitionsDefinition(name="recipes")

# A recipe reads every batch that its SQL names.
EVERY_BATCH = dg.AllPartitionMapping()

OWNERS = ["team:video-data"]
