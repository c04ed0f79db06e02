"""Runs template.yaml on this machine, without an AWS account or Docker. `make run` is `python -m local`.

What happens, one module for each step:

    environments  the virtual environments under .venv/
    settings      .env and the environment, and the template parameters made of them
    build         `sam build`, compiled to .pyc
    emulator      AWS in one process (MiniStack, started by `server`); `gateway` is what the user's port adds before it
    image         the emulator's state after `sam deploy`, kept so that the next start need not deploy
    journal       the table's items in a file of ours, since the emulator forgets them when it is killed
    deploy        `make deploy`: build for AWS, and deploy there; `sam_config` is what SAM is told
    stack         all of it together: start, follow, stop

`make invoke` runs one function in Lambda's container, which needs Docker:

    invoke        what `sam local invoke` is told: the deployed function's settings, an event with a token
    example       the practice that the events are about, made in the running stack
    relay         how the container reaches the emulator
"""
