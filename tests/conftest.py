"""Settings that every test shares."""

import os
import signal

from hypothesis import settings

# Time never decides a test, and nothing is left behind in the checkout.
settings.register_profile("lensmith", deadline=None, database=None)
settings.load_profile("lensmith")

# Test processes side by side, each with a thread for every core, would only get in each other's way. Read by torch
# when it is imported, here and in every child.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# What a shell starts in the background ignores Ctrl+C, and so would the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
