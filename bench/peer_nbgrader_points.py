"""Print every student's points by exercise, from the gradebook in the working folder.

Run by the Python that has nbgrader: it imports nothing of this project.
"""

from __future__ import annotations

import json
import sys

from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as gradebook:
    print(
        json.dumps(
            {
                submission.student.id: {
                    grade.name.removeprefix("test_"): grade.auto_score
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in gradebook.assignment_submissions(sys.argv[1])
            }
        )
    )
