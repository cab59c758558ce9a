"""Says so when the file of the picture in sight is no longer the one that was labelled."""

from functools import partial

from shiboken6 import isValid

from app import edits
from app.state import Session
from app.widgets.banner import Banner
from app.widgets.label.picture_stage import PictureStage
from core.domain.dataset import Image
from core.domain.progress import Progress


class ChangedBanner(Banner):
    """Above the canvas of ``stage``; looks in the background, whenever a picture comes into sight."""

    def __init__(self, session: Session, stage: PictureStage) -> None:
        super().__init__("warning", "caution")
        stage.body.insertWidget(0, self)
        stage.turned_to.connect(self.look_at)
        self._session = session
        self._image: Image | None = None
        self.keep_button = self.add_action(self.tr("Keep its labels"), self._keep)
        self.keep_button.setToolTip(self.tr("The boxes still fit: give them to the picture as it is now."))

    def look_at(self, image: Image) -> None:
        """``image`` is shown now."""
        self._image = image
        self.say("")

        def work(progress: Progress) -> bool:
            from core.actions.checking import changed_since

            return changed_since(self._session.store, image)

        # A file that cannot be looked at is told where the picture should be.
        self._session.jobs.run(
            "", work, done=partial(self._take, image), failed=lambda error: None, lane="changed", quiet=True
        )

    def _take(self, image: Image, changed: bool) -> None:
        if isValid(self) and changed and image is self._image:
            self.keep_button.setVisible(not self._session.reading_only)
            self.say(self.tr("This picture was edited or replaced since it was labelled."))

    def _keep(self) -> None:
        if self._image is not None:
            self.say("")
            edits.take_changed(self._session, [self._image.path])
