"""Back-ends are tested in an environment like a worker's, which must be there before ultralytics is imported."""

import tests.detection_jobs  # noqa: F401
