"""The pages: their routes, and what they show. `functions.web` puts them together.

entry account                                    signing in and out; one's account
practice asking sessions attempts                a question, its answer, what became of it
history progress                                 all answers; figures
site visitors errors                             a request for a page and the answer to it, who looks, what goes wrong
rendering                                        templates/ and static/
marks charts words refusals                      worked out before a template draws it; pure
"""
