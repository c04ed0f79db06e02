"""PM Interview Coach: the package that every function of the stack shares, as a Lambda layer."""

__version__ = "1.0.0"
