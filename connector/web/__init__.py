"""The portal and its API: what was said on a case, for those who may see it."""
