"""Tests of the article line."""
