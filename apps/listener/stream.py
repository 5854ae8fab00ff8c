"""The queue of raw batches in Redis, for one thread that must never wait long."""

from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.metering.raw import FIELD, STREAM

TIMEOUT_SECONDS = 1.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 4.0


def connect_redis(url: str) -> Any:  # redis-py types every answer for all versions of the protocol at once
    """A client that gives up after a second and never tries again by itself."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class Stream:
    """Where batches go. After a failure it rests a while: a frozen Redis costs one timeout now and then, not each time.

    Times are seconds of the monotonic clock, given by the caller.
    """

    def __init__(self, url: str) -> None:
        self._redis = connect_redis(url)
        self._pause = FIRST_PAUSE_SECONDS
        self._rests_until = 0.0
        self.last_error = ""

    def is_ready(self, now: float) -> bool:
        return now >= self._rests_until

    def add(self, contents: Sequence[bytes], now: float) -> list[bool]:
        """Append batches in one round trip; says of each whether Redis has confirmed it.

        Unconfirmed is not absent: a timeout may have come after the writing. Adding it again is harmless.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for content in contents:
            pipeline.xadd(STREAM, {FIELD: content})
        try:
            answers = pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            self._rest(now, error)
            return [False] * len(contents)
        refusals = [answer for answer in answers if isinstance(answer, Exception)]
        if refusals:
            self._rest(now, refusals[0])
        else:
            self._pause, self._rests_until, self.last_error = FIRST_PAUSE_SECONDS, 0.0, ""
        return [not isinstance(answer, Exception) for answer in answers]

    def _rest(self, now: float, error: Exception) -> None:
        self._rests_until = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        self.last_error = f"{type(error).__name__}: {error}"
