"""What adapters of records systems share: talking to a server, an entry made ready, their words.

Adapters know these modules and not each other.
"""
