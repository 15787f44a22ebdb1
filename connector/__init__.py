"""Casethread: reads what was said on Microsoft's platform and journals it on the citizen's case."""

__version__ = "0.1.0"
