"""The list of runs with 10,000 of them: a key in the search until the rows that fit are painted, a star, all selected.

``python -m tests.benchmarks.run_list`` (no screen needed). Processor time, which other programs do not add to.
"""

import os
import time
from collections.abc import Callable

from msgspec.structs import replace

RUNS, LIMIT = 10_000, 0.1  # seconds


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    from app import theme, translations
    from app.widgets.run.run_list import RunList
    from tests.gui.test_run_list import summary

    translator = translations.install(application, "en")
    theme.apply(application, theme.LIGHT, theme.load_font())
    runs = [
        summary(number, tags=("night",) * (number % 3 == 0), note=f"note {number}") for number in range(1, RUNS + 1)
    ]
    shown = RunList()
    shown.resize(216, 700)
    shown.show()

    def timed(name: str, act: Callable[[], object]) -> float:
        began = time.process_time()
        act()
        application.processEvents()
        seconds = time.process_time() - began
        print(f"{name}: {seconds * 1000:.0f} ms, {shown.model.rowCount()} rows")
        return seconds

    timed("first shown", lambda: shown.set_runs(runs, None))
    shown.show_current(runs[-1].run)
    keys = [timed(f"typed “{text}”", lambda text=text: shown.search.setText(text)) for text in ("n", "ni", "#night 99")]
    timed("search emptied", shown.search.clear)
    shown.view.selectAll()
    starred = [replace(runs[0], star=True), *runs[1:]]
    timed("one starred while all are selected", lambda: shown.set_runs(starred, None))
    print(f"slowest key {max(keys) * 1000:.0f} ms, {'within' if max(keys) <= LIMIT else 'OVER'} {LIMIT * 1000:.0f} ms")
    shown.close()
    application.removeTranslator(translator)


if __name__ == "__main__":
    main()
