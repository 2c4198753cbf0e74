"""What a lesson is: its cells, exercises and words, the manifest, and reading them from files."""
