"""The collector as a component of an Elastic Agent, started and told what to do by it: Fleet's way.

Promises: what an agent expects becomes the same policy that a file becomes, with the same inputs and the same delivery;
each unit says in a sentence how it fares; a unit that cannot be used holds up no other; a connection to the agent that
breaks stops nothing and is opened again; at a stop everything ends in order, as at a stop of the standalone collector.

Does not promise anything about the agent's own configuration, and needs the extra ``fleet``. Messages and service are
those of ``elastic-agent-client``; its own conversation is not used (decision 0014).
"""
