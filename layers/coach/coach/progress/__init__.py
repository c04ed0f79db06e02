"""Progress: a user's attempts in, figures and the next question out. Pure, so that nothing that is stored can drift.

history                what it is told of an attempt
statistics, change     figures; how answers to one question compare
schedule               which question to practise next
"""
