"""`index.html`: the course at a glance, built as one file."""
