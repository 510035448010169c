"""Rule tests: case files, the judges that read them, the pytest plugin, and mutation of rules.

``suite`` pairs rules with their test files and says what each judge thinks of each case; ``plugin`` shows pytest the same;
``mutation`` changes rules in small ways that their cases have to notice.
"""
