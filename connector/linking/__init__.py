"""Case numbers in text, and the decision which case an item belongs to. Pure: no I/O, no clock.

Import what you need from its modules; the package itself loads nothing, because a sync in which
nothing is new needs no linker.
"""
