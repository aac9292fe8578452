"""The files of one item, brought to Telegram and made media there; nothing is shown to anybody yet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from transload.clients.outcomes import BadItem, Document, Done, Gone, Refused, Staged, Uploaded
from transload.clients.telegram import Telegram
from transload.destinations.telegram import media
from transload.destinations.telegram.chat import Room, failed
from transload.destinations.telegram.media import Group
from transload.destinations.telegram.posts import Medium, staged_row
from transload.destinations.telegram.upload import TRIES, AnewError, FileUploader
from transload.errors import BugError, RejectedError, StagedGoneError, TooBigError
from transload.json_codec import JsonObject
from transload.model import ItemKind, ItemState, Job, Parcel, Shipment
from transload.ports import Uploads

HOLES_MAX = 3
"""So many lost parts are brought again before the whole file is."""


@dataclass(frozen=True, slots=True)
class ItemStaging:
    """The staging of one item of a job."""

    room: Room
    uploads: Uploads
    job: Job
    shipment: Shipment
    now_ms: Callable[[], int]

    @property
    def uploader(self) -> FileUploader:
        """What brings its files."""
        return FileUploader(self.room.line, self.uploads, self.now_ms)

    async def stage(self) -> JsonObject:
        """What is kept of its staged files. Raises RejectedError, TooBigError, UnreadableError for this item alone."""
        limit = self.room.limit_bytes
        for parcel in self.shipment.parcels:
            if parcel.size_bytes > limit:
                raise TooBigError(f"{parcel.size_bytes:,} bytes; a file may have {limit:,} there")
        made = [await self._stage(n, parcel) for n, parcel in enumerate(self.shipment.parcels)]
        return staged_row(made)

    async def _stage(self, n: int, parcel: Parcel) -> Medium:
        blob = parcel.blob
        if blob is None:
            raise BugError(f"the bytes of {parcel.name} are not at hand")
        group, name = media.group_of(self.job, self.shipment, n), media.name_of(self.shipment, n)
        for _ in range(TRIES):
            file = await self.uploader.bring(n, blob, parcel.size_bytes, name)
            try:
                made, group = await self._made(parcel, file, group)
                return Medium.of(group, made, self.now_ms())
            except AnewError as error:
                await self.uploads.forget(n)
                if blob.path is None:
                    raise StagedGoneError(f"{name} is read again") from error
        raise RejectedError(f"Telegram loses the parts of {name} again and again")

    async def _made(self, parcel: Parcel, file: Uploaded, group: Group) -> tuple[Staged, Group]:
        """The medium that a file becomes, and how it is shown.

        A photo that is refused on its second chance, too, is a file.
        """
        is_photo = group == "seen" and self.shipment.judgement.kind is ItemKind.PHOTO
        if is_photo:
            said = await self._insist(
                parcel, file, lambda telegram: telegram.stage_photo(self.room.chat, file)
            )
            if isinstance(said, Staged):
                return said, group
            if self.shipment.item.state is not ItemState.REFUSED:
                raise RejectedError(f"Telegram refuses it as a photo ({said.code})")
            group = "file"
        document = await self._document(file.name, parcel, group)
        said = await self._insist(
            parcel, file, lambda telegram: telegram.stage_document(self.room.chat, file, document)
        )
        if isinstance(said, BadItem):
            raise RejectedError(f"Telegram refuses it ({said.code})")
        return said, group

    async def _document(self, name: str, parcel: Parcel, group: Group) -> Document:
        looks = parcel.looks
        small = None
        if group != "file" and looks is not None and looks.thumb is not None:
            small = await self.uploader.bring_small(looks.thumb, "thumb.jpg")
        return Document(name, media.type_of(name), media.shown_as(group, parcel), small)

    async def _insist(
        self,
        parcel: Parcel,
        file: Uploaded,
        ask: Callable[[Telegram], Awaitable[Done[Staged] | Refused]],
    ) -> Staged | BadItem:
        """What is staged, after parts that Telegram has lost were brought again. Raises AnewError: all of them are."""
        for _ in range(HOLES_MAX + 1):
            said = await self.room.line.insisted(ask)
            match said:
                case Done(made):
                    return made
                case BadItem():
                    return said
                case Gone("parts", int(part)) if parcel.blob is not None:
                    await self.uploader.fill(parcel.blob, file, part)
                case Gone():
                    break
                case _:
                    raise failed(self.room.line, self.room.address, said)
        raise AnewError
