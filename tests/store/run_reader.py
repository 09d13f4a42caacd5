"""Read a catalog in a loop until standard input ends; print each reading's seconds as JSON."""

import json
import sys
import threading
import time
from pathlib import Path

from catalog.query.session import session
from catalog.store.store import Store


def main(store: Store, way: str) -> None:
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    seconds = []
    while not stopped.is_set():
        started = time.perf_counter()
        if way == "reading":
            with store.reading() as connection:
                connection.sql("SELECT count(*) FROM tags").fetchall()
        else:
            with session(store) as opened:
                opened.connection.sql("SELECT count(*) FROM tags").fetchall()
        seconds.append(time.perf_counter() - started)
    sys.stdout.write(json.dumps(seconds))


if __name__ == "__main__":
    main(Store(Path(sys.argv[1])), sys.argv[2])
