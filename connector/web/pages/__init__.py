"""The portal's pages: each module has a `router` that connector/web/app.py includes."""
