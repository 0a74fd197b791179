"""What all tests share: caches inside the checkout, and one fit of the default run a session."""

import model  # noqa: F401  (sets one BLAS thread and the caches before NumPy is imported)
from hypothesis import configuration, settings

from model.files import PROJECT_ROOT

configuration.set_hypothesis_home_dir(PROJECT_ROOT / ".cache" / "hypothesis")
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
