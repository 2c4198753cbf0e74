"""Grade every notebook of a folder by Otter's API, in this one process; write who got what.

Run by the Python that has Otter: it imports nothing of this project.
Arguments: the autograder's zip, the folder of notebooks, the file of points to write.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from otter.api import grade_submission

autograder, folder, points = sys.argv[1:]
graded = {}
for path in sorted(Path(folder).glob("*.ipynb")):
    results = grade_submission(str(path), autograder, quiet=True)
    graded[path.stem] = {name: result.score for name, result in results.results.items()}
Path(points).write_text(json.dumps(graded), encoding="utf-8")
