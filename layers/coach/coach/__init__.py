"""PM Interview Coach: the package that every function of the stack shares, as a Lambda layer."""

import gc
import os

__version__ = "1.0.0"

if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # To look for garbage among what is imported takes a twentieth of a start. `end_initialisation` turns it on again.
    gc.disable()
