"""Alembic's environment and the revisions; `storage.migrating` runs them."""
