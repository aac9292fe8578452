"""What clients ask about the server itself."""

from typing import Any

from transload.sandbox.desk import Desk
from transload.sandbox.letters import DC
from transload.sandbox.tl import functions, types
from transload.sandbox.world import Call

desk = Desk()
PERIODS = (
    *("online_update_period_ms", "offline_blur_timeout_ms", "offline_idle_timeout_ms"),
    *("online_cloud_timeout_ms", "notify_cloud_delay_ms", "notify_default_delay_ms"),
    *("push_chat_period_ms", "push_chat_limit", "rating_e_decay", "stickers_recent_limit"),
    *("channels_read_media_period", "call_receive_timeout_ms", "call_ring_timeout_ms"),
    *("call_connect_timeout_ms", "call_packet_timeout_ms"),
)
"""Numbers that a configuration must have and no client here reads."""


@desk.answers(functions.help.GetConfigRequest, asker="anybody")
async def get_config(call: Call, _request: Any) -> Any:
    """Where the servers are: here, all of them."""
    world = call.world
    return types.Config(
        date=world.date(),
        expires=world.date(world.now() + 3600),
        test_mode=False,
        this_dc=DC,
        dc_options=[types.DcOption(number, "127.0.0.1", world.port) for number in range(1, 6)],
        dc_txt_domain_name="",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        edit_time_limit=172_800,
        revoke_time_limit=2**31 - 1,
        revoke_pm_time_limit=2**31 - 1,
        me_url_prefix="https://t.me/",
        caption_length_max=1024,
        message_length_max=4096,
        webfile_dc_id=DC,
        **dict.fromkeys(PERIODS, 100_000),
    )


@desk.answers(functions.help.GetAppConfigRequest, asker="anybody")
async def get_app_config(call: Call, _request: Any) -> Any:
    """The bounds that clients read from here."""
    parts_max = call.world.rules.parts_max
    known = {
        "upload_max_fileparts_default": parts_max,
        "upload_max_fileparts_premium": 2 * parts_max,
        "caption_length_limit_default": 1024,
        "caption_length_limit_premium": 2048,
    }
    values = [types.JsonObjectValue(name, types.JsonNumber(known[name])) for name in known]
    return types.help.AppConfig(1, types.JsonObject(values))


@desk.answers(functions.help.GetNearestDcRequest, asker="anybody")
async def get_nearest_dc(_call: Call, _request: Any) -> Any:
    """Here."""
    return types.NearestDc("", DC, DC)


@desk.answers(
    functions.account.UpdateStatusRequest,
    functions.messages.SetTypingRequest,
    functions.channels.ReadHistoryRequest,
    functions.bots.SetBotCommandsRequest,
)
async def agreed(_call: Call, _request: Any) -> Any:
    """Yes, and nothing else happens."""
    return True
