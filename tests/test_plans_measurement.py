"""A measurement on its way out of the decoder child."""

import json

from transload.json_codec import from_json, to_json
from transload.plans import Measurement


def test_it_survives_the_pipe() -> None:
    for found in (Measurement(), Measurement(frames=3, span_s=1.5, error="it ends", evidence="x")):
        assert from_json(Measurement, json.loads(json.dumps(to_json(found)))) == found
