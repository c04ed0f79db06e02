"""Claude as a grader: `prompt` is what it is asked, `client` asks it, `prices` says what that costs."""
