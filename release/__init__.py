"""What a release consists of, made from the tree and ``uv.lock`` alone: ``make release``.

Promises: the same tree gives the same bytes, wherever, whenever and by whom it is built. Nothing is left out in
silence: a package without a known licence, or a look for vulnerabilities that looked at nothing, is a failure.
"""
