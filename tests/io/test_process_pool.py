"""Worker processes end with the process that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.waiting import wait_for

SCRIPT = """
import os, sys, time
from pathlib import Path
from skelflow.io.process_pool import run_tasks

def note(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    list(run_tasks(note, sys.argv[1:], workers=2))
"""


def test_run_tasks_leaves_no_worker_when_the_main_process_is_killed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SCRIPT)
    notes = [tmp_path / "one", tmp_path / "two"]
    main = subprocess.Popen([sys.executable, str(tmp_path / "main.py"), *map(str, notes)])
    try:
        wait_for(lambda: all(note.exists() and note.read_text() for note in notes))
    finally:
        os.kill(main.pid, signal.SIGKILL)
        main.wait()
    wait_for(lambda: not any(psutil.pid_exists(int(note.read_text())) for note in notes))
