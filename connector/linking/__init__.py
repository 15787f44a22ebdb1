"""Case numbers in text, and the decision which case an item belongs to. Pure: no I/O, no clock."""

from connector.linking.decision import (
    Carried,
    Subject,
    decide,
    numbers_to_verify,
    reason_text,
)
from connector.linking.patterns import Hit, Scanner, compile_patterns

__all__ = [
    "Carried",
    "Hit",
    "Scanner",
    "Subject",
    "compile_patterns",
    "decide",
    "numbers_to_verify",
    "reason_text",
]
