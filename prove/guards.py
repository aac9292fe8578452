"""The guards of the product: where each stands, how to switch it off, and the test that notices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """One safety measure.

    `code` stands exactly once in the file `path` of src/transload; `without` takes its place, and
    then `test` fails: a test's name as pytest takes it.
    """

    name: str
    path: str
    code: str
    without: str
    test: str


GUARDS: tuple[Guard, ...] = (
    # -- exactly once ------------------------------------------------------------------------------
    Guard(
        name="look-up at the destination before anything is sent again",
        path="settle.py",
        code="record.receive(await destination.look_up(job, intents))",
        without="record.receive([])",
        test="tests/test_settle.py::test_what_arrived_gets_its_receipt_and_the_rest_stays_open",
    ),
    Guard(
        name="no file of the library is written over",
        path="destinations/delivery.py",
        code="if parcel.temp and not self._is_there(parcel.output)",
        without="if parcel.temp",
        test="tests/destinations/test_delivery.py::test_two_intents_for_one_path_give_one_refusal",
    ),
    Guard(
        name="sweep of a job's own temporary names alone",
        path="destinations/delivery.py",
        code="if own.fullmatch(path.name):",
        without='if path.suffix == ".part":',
        test="tests/conformance/test_destination.py::test_sweep_takes_only_its_own_job",
    ),
    Guard(
        name="one receipt for an item",
        path="storage/shipping.py",
        code="new = [row for row in rows if row.state != ItemState.SENT.value]",
        without="new = list(rows)",
        test="tests/storage/test_record.py::test_a_receipt_written_twice_counts_once",
    ),
    Guard(
        name="fencing number before every write of a task",
        path="storage/fenced.py",
        code="            tasks.c.epoch == self._task.epoch,\n",
        without="",
        test="tests/storage/test_fenced.py::test_a_zombie_cannot_write",
    ),
    Guard(
        name="lock of a data folder",
        path="jobs/lock.py",
        code="fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        without="fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        test="tests/jobs/test_lock.py::test_a_second_lock_is_refused_until_the_first_lets_go",
    ),
    Guard(
        name="synchronous commits of intents",
        path="storage/database.py",
        code='self._durable = self._engine("FULL")',
        without='self._durable = self._engine("NORMAL")',
        test="tests/storage/test_database.py::test_intents_are_synced_and_other_writes_are_not",
    ),
    # -- after a kill ------------------------------------------------------------------------------
    Guard(
        name="version of the server's file before a fetch is continued",
        path="sources/spool.py",
        code="bool(remote.version) and known == json.dumps(remote.version)",
        without="bool(known)",
        test="tests/sources/test_spool.py::test_another_version_is_fetched_anew",
    ),
    Guard(
        name="sum of a film's part before it is taken over",
        path="storage/segments.py",
        code="return _sha256(path) == part.sha256",
        without="return True",
        test="tests/storage/test_segments.py::test_a_file_that_changed_is_no_part",
    ),
    # -- limits ------------------------------------------------------------------------------------
    Guard(
        name="archive.max_ratio",
        path="archives/limits.py",
        code="if is_too_dense(self.dense_made, taken, self.limits):",
        without="if taken < 0:",
        test="tests/archives/test_limits.py::test_ratio_is_judged_only_behind_the_threshold",
    ),
    Guard(
        name="archive.max_total_bytes",
        path="archives/limits.py",
        code="if self._made > self.limits.max_total_bytes:",
        without="if self._made < 0:",
        test="tests/archives/test_zip.py::test_total_limit_ends_the_stream_and_is_the_fault",
    ),
    Guard(
        name="archive.max_entries",
        path="archives/zip_directory.py",
        code="if len(infos) > limits.max_entries:",
        without="if len(infos) < 0:",
        test="tests/archives/test_zip_directory.py::"
        "test_a_count_beyond_the_limit_is_believed_only_as_far_as_there_is_room",
    ),
    Guard(
        name="archive.max_depth",
        path="intake.py",
        code="if self.box.depth >= self.bench.limits.max_depth:",
        without="if self.box.depth < 0:",
        test="tests/faults/test_inside.py::test_deeper_than_allowed_is_said_and_the_rest_arrives",
    ),
    Guard(
        name="count of the zeros that a packed tar gives without end",
        path="archives/tar_stream.py",
        code="        self._tally.add(len(data))\n",
        without="",
        test="tests/archives/test_tar_stream.py::test_zeros_without_end_count_against_the_ratio",
    ),
    Guard(
        name="pictures of too many pixels are not decoded to look at them",
        path="media/photo.py",
        code='if not wanted or raw["decode_bytes"] > decode_limit:',
        without="if not wanted:",
        test="tests/media/test_photo.py::test_a_large_header_is_not_decoded_while_probing",
    ),
    Guard(
        name="memory limit of decoders and encoders",
        path="guard.py",
        code="    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))\n",
        without="",
        test="tests/test_guard.py::test_limits_are_those_asked_for",
    ),
    Guard(
        name="end of a decoder that stays silent",
        path="archives/sevenzip_run.py",
        code="                self.kill()\n                raise LimitError(",
        without='                return b"" * len(',
        test="tests/archives/test_sevenzip_run.py::test_a_silent_child_is_ended",
    ),
    # -- damage is told ----------------------------------------------------------------------------
    Guard(
        name="checksum of a zip's entry",
        path="archives/zip_bytes.py",
        code="if self._sum != span.crc and not self._is_described(span):",
        without="if self._sum < 0:",
        test="tests/archives/test_zip.py::test_one_wrong_checksum_fails_alone",
    ),
    Guard(
        name="checksum of a 7z's entry",
        path="archives/sevenzip_feed.py",
        code="if self._crc is not None and self._sum != self._crc:",
        without="if self._sum < 0:",
        test="tests/archives/test_sevenzip_feed.py::"
        "test_a_flipped_byte_costs_one_member_and_one_more_run",
    ),
    Guard(
        name="sum over the header of a tar's entry",
        path="archives/tar_header.py",
        code="if not has_right_sum(block):",
        without="if len(block) != TAR_BLOCK:",
        test="tests/archives/test_tar_stream.py::test_one_header_of_ten_is_damaged",
    ),
    Guard(
        name="sum over the block of a cabinet",
        path="archives/cab_blocks.py",
        code="(not block.total or cab_sum(sizes, cab_sum(data, 0)) == block.total)",
        without="bool(sizes)",
        test="tests/archives/test_cab_blocks.py::test_a_flipped_bit_costs_its_block",
    ),
    Guard(
        name="mark on what was sent before a sum proved wrong",
        path="intake.py",
        code="from_thread.run(self.bench.record.doubt, self.box.place(first))",
        without="pass",
        test="tests/faults/test_doubts.py::test_a_wrong_sum_marks_what_was_sent_before_it",
    ),
    Guard(
        name="damaged archives without an entry are not called empty",
        path="archives/sevenzip_whole.py",
        code="if well and (told.tail_bytes or not told.warned) and not _tail(archive, told):",
        without="if well or not told.members:",
        test="tests/archives/test_sevenzip_whole.py::"
        "test_a_rar_of_old_with_a_damaged_first_header_is_not_empty",
    ),
    Guard(
        name="fewer entries in a zip's directory than its end record tells of",
        path="archives/zip_directory.py",
        code="return len(self.infos) < self.end.entries",
        without="return False",
        test="tests/archives/test_zip_contents.py::test_more_entries_than_the_directory_has",
    ),
    Guard(
        name="missing last piece of a 7z",
        path="archives/missing_volumes.py",
        code="if told is None or told <= max(there, pieces * _size(volumes.first)):",
        without="if told is None or pieces:",
        test="tests/archives/test_open.py::test_pieces_without_their_last",
    ),
    Guard(
        name="another archive behind the end of a zip",
        path="archives/zip_contents.py",
        code="contents.fault = contents.fault or trailing.fault",
        without="pass",
        test="tests/archives/test_zip_contents.py::test_what_follows_the_end_is_said",
    ),
    # -- names -------------------------------------------------------------------------------------
    Guard(
        name="names never climb out of a folder",
        path="destinations/names.py",
        code='.strip().rstrip(". ")\n',
        without=".strip()\n",
        test="tests/destinations/test_names.py::test_known_tricks",
    ),
    Guard(
        name="a link planted in the library is not followed",
        path="destinations/delivery.py",
        code="        if not _is_real_folder(folder):\n            raise",
        without="        if not folder.is_dir():\n            raise",
        test="tests/destinations/test_library.py::test_a_planted_link_leads_nowhere",
    ),
    # -- the web -----------------------------------------------------------------------------------
    Guard(
        name="refusal of addresses that are not public, behind redirects too",
        path="net/egress.py",
        code="            return _is_public(address)\n        inner",
        without="            return True\n        inner",
        test="tests/net/test_egress.py::test_a_redirect_is_judged_again",
    ),
    Guard(
        name="version of the server's file in every answer",
        path="sources/remote.py",
        code="            return self.etag == etag\n        return not",
        without="            return True\n        return not",
        test="tests/sources/test_remote.py::test_an_answer_of_another_version_is_noticed",
    ),
    # -- media -------------------------------------------------------------------------------------
    Guard(
        name="length of a conversion against that of its source",
        path="media/verify.py",
        code="if wanted_s and got_s < wanted_s - allowed:",
        without="if got_s < 0:",
        test="tests/media/test_verify.py::test_short_results_are_refused",
    ),
    Guard(
        name="verdict on files of which nothing decodes",
        path="media/verdict.py",
        code='return None if raw.get("frames_decoded") else _undecoded(raw, kind)',
        without="return None",
        test="tests/media/test_verdict.py::test_each_sample_gets_its_verdict[hollow.m4a]",
    ),
    Guard(
        name="nothing is ever made larger",
        path="media/ladder.py",
        code="self.pixels * min(1.0, lines / self.lines) ** 2",
        without="self.pixels * (lines / self.lines) ** 2",
        test="tests/media/test_ladder.py::test_nothing_is_made_larger",
    ),
    Guard(
        name="the user's own file is never moved into the quarantine",
        path="storage/kept.py",
        code="    if held.users_own:\n        return False\n",
        without="",
        test="tests/storage/test_kept.py::test_the_users_own_file_and_one_without_room_are_left",
    ),
    # -- secrets -----------------------------------------------------------------------------------
    Guard(
        name="passwords are wiped when their job ends",
        path="storage/locked.py",
        code="db.execute(delete(passwords).where(passwords.c.job_id == job_id)).rowcount > 0",
        without="bool(job_id)",
        test="tests/storage/test_locked.py::"
        "test_nothing_of_a_password_is_left_when_the_job_has_ended",
    ),
    Guard(
        name="logins of addresses stay out of the log",
        path="logs.py",
        code='rf"\\1{HIDDEN}@"',
        without='r"\\g<0>"',
        test="tests/test_logs.py::test_a_secret_is_hidden_wherever_it_stands",
    ),
    # -- the disk, the report, the page ------------------------------------------------------------
    Guard(
        name="budget of the scratch folder",
        path="storage/scratch.py",
        code="return not self._held or entries + size <= left",
        without="return left >= 0",
        test="tests/storage/test_scratch.py::test_a_reader_waits_until_something_is_dropped",
    ),
    Guard(
        name="reserve of free disk space",
        path="storage/segments.py",
        code=".free - reserve_of(folder, self._min_free)",
        without=".free",
        test="tests/storage/test_segments.py::test_the_disk_keeps_its_reserve",
    ),
    Guard(
        name="a job that lost something is no success",
        path="states.py",
        code="if not lost and not job_failed:",
        without="if not job_failed:",
        test="tests/test_states.py::test_a_job_ends_by_what_arrived_and_what_was_lost",
    ),
    Guard(
        name="names are no markup of the gallery",
        path="destinations/gallery_words.py",
        code='html.escape(_UNSHOWABLE.sub("\\ufffd", words))',
        without='_UNSHOWABLE.sub("\\ufffd", words)',
        test="tests/destinations/test_gallery_page.py::test_no_name_becomes_markup",
    ),
)
