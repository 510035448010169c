"""The compiler against the evaluator: both judge the same rows, and must say the same of each.

Two judges that share no code: the compiled query, run on rows of Defender, and the untouched rule, asked of the rows as
Sysmon would have named them. Rules and rows are made at random (:mod:`.rules`, :mod:`.rows`, :mod:`.correlations`), or they
are SigmaHQ's rules on events made of their own values (:mod:`.sigmahq`), or recorded events (``tests/corpus``).

``python -m tests.differential`` does so at any size; the tests beside this file do it at a size that each run can bear.
"""
