"""What pages show, worked out before a template draws it. Pure.

marks     an answer with its evidence marked
charts    figures as places in a picture
words     numbers and times as people say them
refusals  why a form was not taken, as people say it
"""
