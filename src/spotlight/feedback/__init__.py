"""Verdicts as people read them: terminal tables and notebook cards."""
