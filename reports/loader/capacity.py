"""Read capacity.json, and what metadata.json says of the run's validity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.model.capacity import Broken, CapacityRun, Corner, Step

if TYPE_CHECKING:
    from loadgen.core.rundir import RunDirectory


def load_capacity(place: RunDirectory) -> CapacityRun:
    """Return the run; raise Unreadable when its capacity.json is missing or damaged."""
    fields = Fields(read_object(place.capacity))
    answer = fields.below("answer")
    if not answer:
        raise Unreadable("has no answer")
    bends, room = fields.below("bends"), fields.below("headroom")
    validity, reasons, floor = _validity(place)
    return CapacityRun(
        run_id=fields.text("run_id"),
        asked=fields.described("asked"),
        verdict=answer.text("verdict"),
        exit_code=answer.whole("exit_code"),
        held_per_s=answer.number("held_per_s"),
        failed_per_s=answer.number("failed_per_s"),
        reason=answer.text("reason"),
        interval=answer.text("interval"),
        clear=answer.flag("clear") is not False,
        broke=_broken(answer),
        steps=tuple(_step(item) for item in fields.each("steps")),
        scalability=fields.numbers("scalability"),
        client_corners=_corners(bends, "client"),
        server_corners=_corners(bends, "server"),
        usual_per_s=room.number("usual_per_s"),
        headroom=room.signed("share"),
        validity=validity,
        validity_reasons=reasons,
        floor=floor,
        complaints=tuple(fields.complaints),
    )


def _validity(place: RunDirectory) -> tuple[str, tuple[str, ...], str]:
    try:
        metadata = Fields(read_object(place.metadata))
    except Unreadable:
        return "", (), ""
    validity = metadata.below("validity")
    return validity.text("state"), validity.texts("reasons"), metadata.below("floor").text("text")


def _step(item: Fields) -> Step:
    return Step(
        number=item.whole("number"),
        rate_per_s=item.number("rate_per_s"),
        purpose=item.text("purpose"),
        result=item.text("result"),
        clear=item.flag("clear") is not False,
        broke=_broken(item),
        detail=item.text("detail"),
        figures=item.numbers("figures"),
    )


def _broken(fields: Fields) -> tuple[Broken, ...]:
    return tuple(Broken(one.text("condition"), one.text("side"), one.text("text")) for one in fields.each("broke"))


def _corners(fields: Fields, side: str) -> tuple[Corner, ...]:
    return tuple(
        Corner(one.text("name"), one.number("rate_per_s"), one.signed("slope_before"), one.signed("slope_after"))
        for one in fields.each(side)
    )
