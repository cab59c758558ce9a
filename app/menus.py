"""The menu bar: every verb of the window, in its usual place and with its usual key."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from app import theme
from app.keys import keys_of
from app.pages import PAGES
from app.settings import THEMES

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Menus(QObject):
    """Actions by name in ``actions``; ``refresh`` greys out what cannot be done now."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.actions: dict[str, QAction] = {}
        self.titles: dict[str, QMenu] = {}
        self.keys = keys_of(window.settings)
        self._file()
        self._edit()
        self._view()
        self._help()
        self.refresh()

    def refresh(self) -> None:
        session = self._window.session
        can_write = session is not None and not session.reading_only
        for name in ("import_folder", "import_file"):
            self.actions[name].setEnabled(can_write)
        self.actions["close_project"].setEnabled(session is not None)
        for name, _ in PAGES:
            self.actions[f"page_{name}"].setEnabled(session is not None)

    def groups(self) -> list[tuple[str, list[QAction]]]:
        """Title and actions of each menu."""
        return [(title.replace("&", ""), menu.actions()) for title, menu in self.titles.items()]

    def _file(self) -> None:
        window, menu = self._window, self._menu(self.tr("&File"))
        self._add(menu, "new", self.tr("&New project…"), window.new_project, QKeySequence.StandardKey.New)
        self._add(menu, "open", self.tr("&Open project…"), window.choose_project, QKeySequence.StandardKey.Open)
        self._recent = menu.addMenu(self.tr("Open &recent"))
        self._recent.aboutToShow.connect(self._fill_recent)
        menu.addSeparator()
        self._add(menu, "import_folder", self.tr("&Import folder…"), window.choose_folder, "Ctrl+I")
        self._add(menu, "import_file", self.tr("Import &archive or file…"), window.choose_file, "Ctrl+Shift+I")
        menu.addSeparator()
        self._add(menu, "close_project", self.tr("&Close project"), window.leave_project, "Ctrl+W")
        self._add(menu, "settings", self.tr("&Settings…"), window.show_settings, "Ctrl+,")
        menu.addSeparator()
        self._add(menu, "quit", self.tr("&Quit"), window.close, "Ctrl+Q")

    def _edit(self) -> None:
        menu = self._menu(self.tr("&Edit"))
        self._add(menu, "undo", self.tr("&Undo"), partial(self._on_label_page, "undo"))
        self._add(menu, "redo", self.tr("&Redo"), partial(self._on_label_page, "redo"))
        menu.aboutToShow.connect(self._name_steps)
        self.keys.changed.connect(self._show_keys)
        self._show_keys()

    def _view(self) -> None:
        window, menu = self._window, self._menu(self.tr("&View"))
        titles = {
            "data": self.tr("Data"),
            "label": self.tr("Label"),
            "train": self.tr("Train"),
            "results": self.tr("Results"),
            "ship": self.tr("Ship"),
        }
        for number, (name, _) in enumerate(PAGES, start=1):
            self._add(menu, f"page_{name}", titles[name], partial(window.go_to, name), f"Ctrl+{number}")
        menu.addSeparator()
        self._themes(menu)
        menu.addSeparator()
        expert = self._add(menu, "expert", self.tr("&Advanced settings"), self._choose_expert, "Ctrl+Shift+A")
        expert.setCheckable(True)
        expert.setChecked(window.settings.expert)
        window.settings.expert_changed.connect(expert.setChecked)
        full = self._add(menu, "full_screen", self.tr("&Full screen"), window.toggle_full_screen, "F11")
        full.setCheckable(True)

    def _themes(self, menu: QMenu) -> None:
        names = {"light": self.tr("&Light"), "dark": self.tr("&Dark"), "system": self.tr("As the &system")}
        group = QActionGroup(self)
        for name in ("light", "dark", "system"):
            action = self._add(menu, f"theme_{name}", names[name], partial(self._choose_theme, name))
            action.setCheckable(True)
            group.addAction(action)
        self._show_theme(self._window.settings.theme)
        self._window.settings.theme_changed.connect(self._show_theme)

    def _help(self) -> None:
        window, menu = self._window, self._menu(self.tr("&Help"))
        self._add(menu, "guide", self.tr("&User guide"), window.show_guide, QKeySequence.StandardKey.HelpContents)
        keys = self._add(menu, "shortcuts", self.tr("&Keyboard shortcuts"), self._show_shortcuts)
        keys.setShortcuts([QKeySequence("Ctrl+/"), QKeySequence("?")])
        menu.addSeparator()
        self._add(menu, "support", self.tr("&Support bundle…"), window.make_support_bundle)
        self._add(menu, "logs", self.tr("Open the &log folder"), window.open_logs)
        menu.addSeparator()
        self._add(menu, "about", self.tr("&About Lensmith"), window.show_about)

    def _menu(self, title: str) -> QMenu:
        menu = self.titles[title] = self._window.menuBar().addMenu(title)
        return menu

    def _add(
        self,
        menu: QMenu,
        name: str,
        text: str,
        then: Callable[[], object],
        keys: QKeySequence.StandardKey | str | None = None,
    ) -> QAction:
        action = self.actions[name] = menu.addAction(text)
        action.setMenuRole(_ROLES.get(name, QAction.MenuRole.NoRole))
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda checked=False: then())
        self._window.addAction(action)  # its key works in full screen too, where a bar may be hidden
        return action

    def _show_keys(self) -> None:
        """Those that the user gave them on the sheet of the Label page."""
        for name in ("undo", "redo"):
            self.actions[name].setShortcuts([QKeySequence(keys) for keys in self.keys.of(name)])

    def _on_label_page(self, verb: str) -> None:
        workspace = self._window.workspace
        if workspace is not None and workspace.current == "label":
            getattr(workspace.page("label").steps, verb)()

    def _name_steps(self) -> None:
        """What would be undone and redone, in words; elsewhere than on the Label page nothing would."""
        workspace = self._window.workspace
        page = workspace.page("label") if workspace is not None and workspace.current == "label" else None
        words = ("", "") if page is None else page.steps.words()
        for name, plain, word in zip(("undo", "redo"), (self.tr("&Undo"), self.tr("&Redo")), words, strict=True):
            self.actions[name].setText(f"{plain}: {word}" if word else plain)

    def _show_shortcuts(self) -> None:
        """Of the page, where it has keys of its own."""
        workspace = self._window.workspace
        if workspace is not None and workspace.current == "label":
            workspace.page("label").show_keys()
        else:
            self._window.show_shortcuts()

    def _fill_recent(self) -> None:
        self._recent.clear()
        recent = self._window.settings.recent
        for one in recent:
            action = self._recent.addAction(theme.icon("folder"), one.path.name.replace("&", "&&"))
            action.setToolTip(str(one.path))
            action.triggered.connect(lambda checked=False, path=one.path: self._window.open_soon(path))
        if not recent:
            self._recent.addAction(self.tr("No project was opened yet")).setEnabled(False)

    def _choose_expert(self) -> None:
        self._window.settings.expert = self.actions["expert"].isChecked()

    def _choose_theme(self, name: str) -> None:
        self._window.settings.theme = name

    def _show_theme(self, name: str) -> None:
        for other in THEMES:
            self.actions[f"theme_{other}"].setChecked(other == name)


_ROLES = {
    "quit": QAction.MenuRole.QuitRole,
    "about": QAction.MenuRole.AboutRole,
    "settings": QAction.MenuRole.PreferencesRole,
}
