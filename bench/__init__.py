"""The benchmark: how much work, time and memory a sync of chats takes, next to a plain script.

`python -m bench` runs it and writes its table into docs/performance.md. Nothing here is imported by
the program, and nothing here is a test: figures depend on the machine.
"""
