"""A verdict after every save, in a terminal: what is seen, what is judged, what keys do."""
