"""The care of a student's notebooks: reset, upgrade, and the backups kept before either."""
