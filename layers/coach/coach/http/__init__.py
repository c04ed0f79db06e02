"""The HTTP edge of every function: what a request and a response are, and what goes wrong between them.

app        the resolver, and the Lambda handler around it
addresses  where a request leads to, and the addresses that a client is told
caller     who sent the request
errors     how an error looks
responses  responses that say where something is, and those that the OpenAPI document promises
pages      lists that can grow
exports/   what somebody takes along, in its formats
imports    what somebody brings along
schemas/   field names, types and limits
"""
