"""Which function answers which request, and who may ask."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast

from transload.sandbox.tl import Refused, refuse_if, required
from transload.sandbox.world import Call

Handler = Callable[[Call, Any], Awaitable[Any]]
Asker = Literal["anybody", "account", "person"]
"""Anybody needs no sign-in, an account is signed in, a person is an account that is no bot."""


class Desk:
    """Functions by the class of the request that they answer. `rooms` are desks whose functions are taken over."""

    def __init__(self, *rooms: "Desk") -> None:
        self.answered: dict[Any, tuple[Handler, Asker]] = {}
        for room in rooms:
            self.answered |= room.answered

    def answers(self, *requests: Any, asker: Asker = "account") -> Callable[[Handler], Handler]:
        """Let the decorated function answer requests of these classes."""

        def put(handler: Handler) -> Handler:
            self.answered |= dict.fromkeys(requests, (handler, asker))
            return handler

        return put

    async def answer(self, call: Call, request: Any) -> Any:
        """The answer to a request. Raises Refused, also for one that is not known or not the caller's to make."""
        known = self.answered.get(cast("Any", type(request)))
        handler, asker = required(known, "INPUT_METHOD_INVALID")
        if asker != "anybody" and not call.user:
            pending = call.line.pending
            raise Refused("SESSION_PASSWORD_NEEDED" if pending else "AUTH_KEY_UNREGISTERED", 401)
        refuse_if(asker == "person" and call.me.token, "BOT_METHOD_INVALID")
        return await handler(call, request)
