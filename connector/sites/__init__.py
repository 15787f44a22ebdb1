"""Adapters that write entries where people look for them, without a register of cases behind.

A site takes any case number: whether the case exists, and is open, is not known there.
"""
