"""The rows of the list of runs: what each says, and how it is painted. Texts are made for the rows in sight alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.live_run import LiveRun
from app.widgets.metric_words import figure, metric_name
from app.widgets.painted_rows import paint_back, write
from app.widgets.parts import duration
from app.widgets.run.run_filter import RunFilter, fitting
from app.widgets.run.run_words import mode_title, model_title, state_look, told_state
from core.actions.reporting import RunSummary
from core.domain.run import mode_of, number_of
from core.store.run_store import RunFolder

WIDTH, NARROW = 216, 64
_ROW, _NARROW_ROW = 68, 52
_ICON, _SMALL_ICON = 16, 14
_Index = QModelIndex | QPersistentModelIndex


class RunRows(QAbstractListModel):
    """Newest first, those that the filter lets through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._all: Sequence[RunSummary] = ()  # oldest first, as a session has them
        self._rows: list[RunSummary] = []
        self._places: dict[str, int] = {}  # run -> place in ``_rows``
        self._words: dict[str, tuple[RunSummary, str]] = {}  # run -> what can be searched, made when first asked for
        self._titles: dict[tuple[str, str, str], str] = {}  # model, mode, state -> in words
        self._live: LiveRun | None = None
        self._extra = 0  # 1 while the live run is not yet among the runs read
        self._told: tuple[str, int] = ("", 0)
        self.filter = RunFilter()

    def set_runs(self, runs: Sequence[RunSummary], live: LiveRun | None) -> bool:
        """Whether rows came, went or moved."""
        extra = int(live is not None and all(run.run != live.run.id for run in reversed(runs)))
        if extra == self._extra == 0 and runs == self._all:
            self._live = live
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return False
        self.beginResetModel()
        self._all, self._live, self._extra = runs, live, extra
        self._arrange()
        self.endResetModel()
        return True

    def set_filter(self, wanted: RunFilter) -> bool:
        """Whether other rows are shown now."""
        if wanted == self.filter:
            return False
        self.beginResetModel()
        self.filter = wanted
        self._arrange()
        self.endResetModel()
        return True

    @property
    def hidden(self) -> int:
        """Runs that the filter leaves out."""
        return len(self._all) - len(self._rows)

    def _arrange(self) -> None:
        self._rows = fitting(self.filter, list(reversed(self._all)), self._words_of)
        self._places = {run.run: place for place, run in enumerate(self._rows)}

    def _words_of(self, run: RunSummary) -> str:
        known = self._words.get(run.run)
        if known is None or known[0] is not run:
            kind = (run.model, run.mode, run.state)  # few, and slow to translate
            title = self._titles.get(kind)
            if title is None:
                words = (model_title(run.model), run.model, mode_title(run.mode), state_look(run.state).word)
                title = self._titles[kind] = " ".join(words)
            tags = f"#{' #'.join(run.tags)}" if run.tags else ""
            known = self._words[run.run] = run, f"{run.run} {title} {tags} {run.note}".casefold()
        return known[1]

    def follow(self) -> None:
        if self._live is None:
            return
        epochs = self._live.history.epochs
        told = (told_state(self._live), epochs[-1].epoch if epochs else 0)
        if told != self._told:
            self._told = told
            index = self.index(self.row_of(self._live.run.id))
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return self._extra + len(self._rows)

    def row_of(self, run_id: str) -> int:
        if not run_id:
            return -1
        if self._live is not None and self._extra and self._live.run.id == run_id:
            return 0
        place = self._places.get(run_id)
        return -1 if place is None else self._extra + place

    def run_at(self, row: int) -> RunSummary:
        """The one that is followed as it is now, the others as they were read."""
        if self._extra and row == 0:
            return self._summary_of_live(None)
        run = self._rows[row - self._extra]
        return self._summary_of_live(run) if self._live is not None and self._live.run.id == run.run else run

    def folder_at(self, row: int) -> RunFolder:
        run = self.run_at(row)
        return RunFolder(run.run, Path(run.path))

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if not index.isValid() or role not in texts:
            return None
        run = self.run_at(index.row())
        lines = [
            self.tr("Run {0}: {1}").format(number_of(run.run), model_title(run.model)),
            *self.lines(run),
            self.tr("{0} on test: {1}").format(metric_name(run.metric), figure(run.test))
            if run.test is not None
            else "",
            run.reason if role == Qt.ItemDataRole.ToolTipRole else "",
            self.tr("starred") if run.star else "",
            self.tr("archived") if run.archived else "",
            " ".join(f"#{tag}" for tag in run.tags),
            run.note,
        ]
        return "\n".join(line for line in lines if line)

    def lines(self, run: RunSummary) -> tuple[str, str]:
        """What stands below the model's name."""
        look = state_look(run.state)
        value = run.test if run.test is not None else run.val
        mode = mode_title(run.mode)
        first = mode if value is None else f"{mode} · {metric_name(run.metric)} {figure(value)}"
        if run.seconds is not None:
            return first, f"{look.word} · {duration(run.seconds)}"
        if self._live is not None and self._live.is_going and self._live.run.id == run.run and run.epochs:
            return first, self.tr("{0} · epoch {1}").format(look.word, run.epochs)
        return first, look.word

    def _summary_of_live(self, known: RunSummary | None) -> RunSummary:
        assert self._live is not None
        live, epochs = self._live, self._live.history.epochs
        ended = known is not None and known.seconds is not None
        if ended and not live.is_going and known is not None:
            return known
        return RunSummary(
            run=live.run.id,
            state=told_state(live),
            mode=mode_of(live.spec.start),
            model=live.spec.architecture,
            epochs=epochs[-1].epoch if epochs else 0,
            val=None,
            test=None,
            seconds=None,
            path=str(live.run.path),
            star=known.star if known else False,
            tags=known.tags if known else (),
            archived=known.archived if known else False,
            note=known.note if known else "",
        )


class RunDelegate(QStyledItemDelegate):
    """Number and model, mode and result, state and time: three lines, or number and state when narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.narrow = False

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(NARROW, _NARROW_ROW) if self.narrow else QSize(WIDTH, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        place = QRect(option.rect).adjusted(theme.SMALL, 2, -theme.SMALL, -2)
        paint_back(painter, option, place)
        inner = place.adjusted(theme.SMALL, theme.TIGHT, -theme.SMALL, -theme.TIGHT)
        model = index.model()
        assert isinstance(model, RunRows)
        self._paint_run(painter, inner, model, model.run_at(index.row()))
        painter.restore()

    def _paint_run(self, painter: QPainter, inner: QRect, model: RunRows, run: RunSummary) -> None:
        colours, look = theme.current(), state_look(run.state)
        number = str(number_of(run.run))
        icon = theme.icon(look.icon, look.role)
        if self.narrow:
            top = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
            write(painter, top, number, colours.text, strong=True, align=Qt.AlignmentFlag.AlignHCenter)
            icon.paint(painter, QRect(inner.center().x() - _ICON // 2, top.bottom() + 3, _ICON, _ICON))
            return
        line = inner.height() // 3
        rows = [QRect(inner.left(), inner.top() + line * row, inner.width(), line) for row in range(3)]
        taken = write(painter, rows[0], number, colours.muted, align=Qt.AlignmentFlag.AlignRight)
        for name, role, there in (("star", "caution", run.star), ("archive", "muted", run.archived)):
            if there:
                side = _SMALL_ICON
                left = rows[0].right() - taken - theme.TIGHT - side
                theme.icon(name, role).paint(painter, QRect(left, rows[0].center().y() - side // 2, side, side))
                taken += theme.TIGHT + side
        title = rows[0].adjusted(0, 0, -taken - theme.SMALL, 0)
        write(painter, title, model_title(run.model), colours.muted if run.archived else colours.text, strong=True)
        first, second = model.lines(run)
        write(painter, rows[1], first, colours.muted, pixels=theme.CAPTION_PX)
        side = theme.MEDIUM
        icon.paint(painter, QRect(inner.left(), rows[2].center().y() - side // 2, side, side))
        state = rows[2].adjusted(side + theme.TIGHT, 0, 0, 0)
        taken = write(painter, state, second, getattr(colours, look.role), pixels=theme.CAPTION_PX)
        tags = state.adjusted(taken + theme.SMALL, 0, 0, 0)
        if run.tags and tags.width() > theme.WIDE:
            words = " ".join(f"#{tag}" for tag in run.tags)
            write(painter, tags, words, colours.muted, pixels=theme.CAPTION_PX, align=Qt.AlignmentFlag.AlignRight)
