"""Which parts of the confinement are in force, and how that is said."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Features:
    """What confines jobs. `landlock` is the version of its interface, 0 where there is none."""

    landlock: int = 0
    seccomp: bool = False
    namespaces: bool = False
    own_user: bool = False

    @property
    def is_confined(self) -> bool:
        """Whether the code of strangers may be run."""
        return self.landlock > 0 and self.seccomp

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """What is in force, and what is not, each in a few words."""
        known = {
            f"Landlock (version {self.landlock})" if self.landlock else "Landlock": self.landlock,
            "seccomp": self.seccomp,
            "namespaces with a scratch folder in memory": self.namespaces,
            "a user of its own": self.own_user,
        }
        present = [name for name, there in known.items() if there]
        return present, [name for name in known if name not in present]

    @property
    def in_words(self) -> str:
        """What is in force and what is not, in one sentence."""
        present, absent = self.names
        said = (
            f"Submissions ran with limits and {_listed(present)}"
            if present
            else ("Submissions ran with limits of time and memory alone")
        )
        return f"{said}; not available here: {', '.join(absent)}." if absent else f"{said}."

    def as_data(self) -> dict[str, int | bool]:
        """The same as JSON-ready data."""
        return asdict(self)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
