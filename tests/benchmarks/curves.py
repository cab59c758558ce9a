"""Live curves: one repaint over 100,000 batch events, two curves, with and without thinning.

``python -m tests.benchmarks.curves`` (no screen needed). A repaint is what the timer does after one more event:
thin, hand over to the plot, paint the whole widget. Processor time tells what other programs did not take.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

EVENTS, REPAINTS, LIMIT_MS = 100_000, 300, 16
WIDTH, HEIGHT = 900, 320


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    from app import theme
    from app.widgets.plots import plot_view

    theme.apply(application, theme.LIGHT, theme.load_font())
    thinned = repaints(REPAINTS)
    with unthinned(plot_view):
        whole = repaints(REPAINTS // 5)
    for name, times in (("thinned", thinned), ("every point", whole)):
        middle, late = np.percentile(times, 50, axis=0), np.percentile(times, 99, axis=0)
        print(
            f"{name}: median {middle[0]:.1f} ms, 99th percentile {late[0]:.1f} ms "
            f"(processor {middle[1]:.1f} and {late[1]:.1f} ms)"
        )
    ratio = np.median(whole, axis=0)[0] / np.median(thinned, axis=0)[0]
    verdict = "within" if np.percentile(thinned, 99, axis=0)[0] <= LIMIT_MS else "OVER"
    print(
        f"{EVENTS:,} events, 2 curves, {WIDTH}x{HEIGHT}: thinning is {ratio:.1f} times as fast; {verdict} {LIMIT_MS} ms"
    )


def repaints(count: int) -> NDArray[np.float64]:
    """[count, 2]: milliseconds by the clock and of the processor, each after one more event a curve."""
    from PySide6.QtGui import QPixmap

    from app.widgets.plots.curve_plot import CurvePlot

    rng = np.random.default_rng(0)
    plot = CurvePlot("loss", x_title="batch")
    plot.resize(WIDTH, HEIGHT)
    for name, level in (("train", 2.0), ("earlier run", 1.6)):
        values = level * np.exp(-np.arange(EVENTS) / 20_000) + rng.gamma(1, 0.1, EVENTS)
        for batch, value in enumerate(values.tolist()):
            plot.append(name, batch, value)
    plot.show()
    plot.paint_now()
    picture = QPixmap(plot.size())
    plot.render(picture)
    times = []
    for batch in range(EVENTS, EVENTS + count):
        plot.append("train", batch, 0.4)
        plot.append("earlier run", batch, 0.3)
        clock, processor = time.perf_counter(), time.process_time()
        plot.paint_now()
        plot.render(picture)
        times.append((time.perf_counter() - clock, time.process_time() - processor))
    plot.close()
    return np.array(times) * 1000


@contextmanager
def unthinned(module: ModuleType) -> Iterator[None]:
    """Every point handed to the plot, for comparison."""
    kept = module.thin
    module.thin = lambda x, y, pixels, visible=None: (x, y)
    try:
        yield
    finally:
        module.thin = kept


if __name__ == "__main__":
    main()
