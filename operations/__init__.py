"""What whoever runs the app does to it now and then, from their own machine, to the local stack or one on AWS.

stacks        finds a stack: its table, its queue, and the settings of its evaluator
reevaluation  has attempts evaluated again, a few at a time
__main__      `make reevaluate`
resume        `make resume`
reset_password  `make reset-password`
upgrade       `make upgrade`
rotate_keys   `make rotate-keys`
"""
