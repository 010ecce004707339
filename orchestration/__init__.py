"""What runs when: definitions, jobs, checks, schedules and sensors; and ``rushes build``, which runs them from a shell.

Not here: what an asset is (``assets``) and what it computes (``rushes``).
"""
