"""Many submissions: find them, grade them in parallel, and write what instructors need."""
