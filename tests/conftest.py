"""Settings that every test shares."""

from hypothesis import settings

# Time never decides a test, and nothing is left behind in the checkout.
settings.register_profile("lensmith", deadline=None, database=None)
settings.load_profile("lensmith")
