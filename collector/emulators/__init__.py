"""Stand-ins for the cloud services the collector talks to, for people, the demo and the tests.

Promised: each emulator speaks the service's real protocol, so that the vendors' own clients work with it unmodified;
it listens on loopback unless told otherwise, keeps everything in memory and ends with its process.

Not promised: durability, authorisation unless it is asked for, the service's speed limits, or anything a client library
does not ask for. An emulator is no place for data that matters.
"""
