"""What the decoder child is asked: every operation is answered, and both ways are JSON."""

import json
import os

import pytest

from tests.media.test_decoder_child import answers
from transload.json_codec import AnyDataclass, from_json, to_json
from transload.media import requests
from transload.media.requests import (
    CountSegment,
    JoinSegments,
    Operation,
    Pieces,
    Probe,
    SegmentPlan,
    Shrink,
)
from transload.media.segments.cut_plan import Cut, Cuts

OPERATIONS = [one for one in vars(requests).values() if isinstance(one, Operation)]
CUTS = Cuts((1, 1000), (Cut(0, 250, 0, 9960, 0, None, None),), timed=True, coarse=False)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.word)
def test_the_child_knows_every_operation(operation: Operation[AnyDataclass, AnyDataclass]) -> None:
    """It misses the fields of the request, not the operation: that would be a KeyError."""
    (answer,) = answers([{"id": 1, "op": operation.word}], os.getpid())
    assert answer["detail"].startswith("TypeError: ")
    assert operation.request.__name__ in answer["detail"]


@pytest.mark.parametrize(
    "told",
    [
        Probe(path="a", name="b"),
        Shrink(path="a", into="b", sniffed="png", side=None, quality=9, reader="libav"),
        CountSegment(path="a", clock=(1, 90_000)),
        JoinSegments(
            path="a",
            sniffed="mov",
            into="b",
            segments=("c", "d"),
            audio=None,
            clock=(1, 25),
            origin_us=7,
        ),
        SegmentPlan(cuts=CUTS, origin_us=1, pixels=2),
        Pieces(cuts=(1.5, 3.0), hevc=True),
    ],
)
def test_it_comes_out_of_the_pipe_as_it_went_in(told: AnyDataclass) -> None:
    assert from_json(type(told), json.loads(json.dumps(to_json(told)))) == told
