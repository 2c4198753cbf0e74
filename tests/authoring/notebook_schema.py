"""nbgrader's cell metadata, schema version 3, as a JSON schema."""

from __future__ import annotations

_ANSWER = {"grade": {"const": False}, "locked": {"const": False}, "solution": {"const": True}}
_TESTS = {"grade": {"const": True}, "locked": {"const": True}, "solution": {"const": False}}
_READ_ONLY = {"grade": {"const": False}, "locked": {"const": True}, "solution": {"const": False}}

NBGRADER = {
    "type": "object",
    "properties": {
        "schema_version": {"const": 3},
        "grade": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "solution": {"type": "boolean"},
        "task": {"type": "boolean"},
        "grade_id": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]+$"},
        "points": {"type": "number", "minimum": 0},
        "checksum": {"type": "string", "pattern": "^[a-f0-9]{32}$"},
        "cell_type": {"enum": ["code", "markdown"]},
    },
    "required": ["schema_version", "grade", "locked", "solution", "grade_id"],
    "additionalProperties": False,
    "oneOf": [
        {"properties": _ANSWER, "not": {"required": ["points"]}},
        {"properties": _TESTS, "required": ["points"]},
        {"properties": _READ_ONLY, "not": {"required": ["points"]}},
    ],
}
