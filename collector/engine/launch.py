"""The command that starts the engine's JVM."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN_CLASS = "aoai.engine.EngineMain"

_JVM_OPTIONS = (
    "-XX:+UseSerialGC",  # one small heap on a small machine: no collector threads
    "-XX:TieredStopAtLevel=1",  # the optimising compiler would cost more than it gives back in a short life
    "-Xlog:disable",  # the JVM's own warnings would go to standard output, which carries the line READY
    "-Xlog:all=error:stderr",
    "-XX:-UsePerfData",  # no files outside the home
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dfile.encoding=UTF-8",
)

_FOREIGN_OPTIONS = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"})
"""Variables through which a user's other Java settings would reach this JVM."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What every start has in common: the runtime, the class path, and the start-up archive if there is one."""

    java: Path
    classpath: tuple[Path, ...]
    archive: Path | None = None

    def command(self, *, heap: str, settings: Mapping[str, str], extra: tuple[str, ...] = ()) -> list[str]:
        """Return the argument vector; ``settings`` are the engine's own, ``extra`` further options of the JVM."""
        archive = (f"-XX:AOTCache={self.archive}",) if self.archive else ()
        options = (f"-Xms{heap}", f"-Xmx{heap}", *_JVM_OPTIONS, *archive, *extra)
        classpath = os.pathsep.join(map(str, self.classpath))
        arguments = (f"{key}={value}" for key, value in settings.items())
        return [str(self.java), *options, "-cp", classpath, MAIN_CLASS, *arguments]


def clean_environment() -> dict[str, str]:
    """Return this process's environment without other Java programs' options."""
    return {key: value for key, value in os.environ.items() if key not in _FOREIGN_OPTIONS}
