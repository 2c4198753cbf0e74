"""The worker: runs a program it is handed, calls probes, and sends back what they returned.

The supervisor's side is `Worker.observe(job)`. The worker's process never holds an expected value
of the work it observes, and what comes back is JSON and raw arrays, never a pickle. Importing this
package imports neither torch nor NumPy.
"""
