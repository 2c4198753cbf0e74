"""Confinement of jobs on Linux: what other people's code cannot reach, whatever it tries.

Landlock leaves it no files but Python's own to read and its scratch folder to write; seccomp no
system calls but those that computing takes. Together they are what "confined" means: either alone
leaves holes. Namespaces, a scratch folder in memory and a user of its own come on top where the
system allows them. What is used are the kernel's documented interfaces, called by ctypes.
"""
