"""What the program does, a verb a module: each is idempotent and can die on any line.

refresh   the register's cases into the ledger, and items that were waiting for one of them
collect   pages from a source into the ledger
fetch     attachments' bytes into the spool
deliver   what is due to the journals, after finding out what became of a dead run's deliveries
prune     content that nobody linked in time

Nothing is imported here: a sync of chats need not load what erases or delivers.
"""
