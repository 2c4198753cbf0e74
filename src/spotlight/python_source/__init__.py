"""Which names Python code binds, reads and calls: text in, plain data out; nothing is executed."""
