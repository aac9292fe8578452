-- The ledger of a job that was killed while it converted, as version 8 of the tables had it.
-- Names in braces: what differs from machine to machine, and sizes and sums of what the test makes.
BEGIN TRANSACTION;
CREATE TABLE albums (
	job_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	members INTEGER NOT NULL, 
	PRIMARY KEY (job_id, number)
);
INSERT INTO "albums" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',1,'photo',2);
CREATE TABLE children (
	machine TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started TEXT NOT NULL, 
	command TEXT NOT NULL, 
	parent_pid INTEGER NOT NULL, 
	parent_started TEXT NOT NULL, 
	PRIMARY KEY (machine, pid, started)
);
INSERT INTO "children" VALUES('${machine}',12224,'59d39c62-8de3-4479-8cf7-e1dff0a2cf48:5347862','transload.media.child',12219,'59d39c62-8de3-4479-8cf7-e1dff0a2cf48:5347797');
INSERT INTO "children" VALUES('${machine}',12290,'59d39c62-8de3-4479-8cf7-e1dff0a2cf48:5348531','/usr/bin/ffmpeg',12219,'59d39c62-8de3-4479-8cf7-e1dff0a2cf48:5347797');
CREATE TABLE choices (
	"key" TEXT NOT NULL, 
	source TEXT NOT NULL, 
	preset TEXT NOT NULL, 
	lines INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	made_ms BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE events (
	job_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	what TEXT NOT NULL, 
	data JSON NOT NULL, 
	PRIMARY KEY (job_id, seq)
);
INSERT INTO "events" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',1,1795464775696,'state','{"state": "queued"}');
INSERT INTO "events" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',2,1795464775721,'state','{"state": "running"}');
INSERT INTO "events" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',3,1795464775884,'items','{"items": [[0, "sent"]]}');
INSERT INTO "events" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',4,1795464775979,'items','{"items": [[1, "deferred"], [2, "quarantined"], [4, "deferred"]]}');
INSERT INTO "events" VALUES('01M850MJ0GZNN65E1BK7R7PQ40',5,1795464775981,'items','{"items": [[3, "sent"]]}');
CREATE TABLE folders (
	destination TEXT NOT NULL, 
	path_key TEXT NOT NULL, 
	source_identity TEXT, 
	path TEXT NOT NULL, 
	PRIMARY KEY (destination, path_key)
);
INSERT INTO "folders" VALUES('library:${library}','a','local:${machine}:${source}','a');
CREATE TABLE items (
	id INTEGER NOT NULL, 
	job_id TEXT NOT NULL, 
	idx INTEGER NOT NULL, 
	"inner" TEXT DEFAULT '' NOT NULL, 
	name TEXT NOT NULL, 
	raw_name BLOB, 
	size BIGINT, 
	state TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	verdict TEXT, 
	why TEXT NOT NULL, 
	crc32 BIGINT, 
	sha256 TEXT, 
	mtime_ms BIGINT, 
	partial BOOLEAN NOT NULL, 
	doubt TEXT, 
	recovered BOOLEAN NOT NULL, 
	"deferred" BOOLEAN NOT NULL, 
	album INTEGER, 
	twin INTEGER, 
	fault JSON, 
	judgement JSON, 
	sent_ms BIGINT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "items" VALUES(1,'01M850MJ0GZNN65E1BK7R7PQ40',0,'','1.jpg',NULL,${one_size},'sent','photo','as_is','JPEG 160 x 120',${one_crc32},'${one_sha256}',1715949000000,0,NULL,0,0,1,NULL,NULL,NULL,1795464775881);
INSERT INTO "items" VALUES(2,'01M850MJ0GZNN65E1BK7R7PQ40',1,'','film.avi',NULL,${film_size},'deferred','video','transcode','mpeg4 in avi: mpeg4 does not play everywhere: made H.264',${film_crc32},'${film_sha256}',1715949000000,0,NULL,0,1,NULL,NULL,NULL,'{"kind": "video", "verdict": "transcode", "why": "mpeg4 in avi: mpeg4 does not play everywhere: made H.264", "suffix": ".mp4", "deferred": true, "partial": false, "cost_s": 69.1, "plan": {"do": "transcode", "recipe": "playable", "sniffed": "avi", "hevc": false, "dolby_only": false, "sound": true, "sound_n": 0, "mute": false, "channels": 1, "subtitles": [], "promised_s": 1.1, "promised_picture_s": null, "hides": false, "duration_s": 1.1, "fps": 25.0, "partial": false, "lost_s": 0.0, "order": "kept", "size": [128, 96], "matrix": 1, "primaries": 1, "curve": 1, "keep_sound": false, "interlaced": false, "hdr": false, "by_order": false, "side": null, "short": null}, "fault": null, "width": 128, "height": 96, "duration_s": 1.1}',NULL);
INSERT INTO "items" VALUES(3,'01M850MJ0GZNN65E1BK7R7PQ40',2,'','bad.jpg',NULL,9,'quarantined','photo','unsavable','the picture ends before its last line',3152097963,'7127c0ed30936109cf57798e7678e27afeff223f530c77fa0974a2129af18bb5',1715949000000,0,NULL,0,0,NULL,NULL,'{"type": "/errors/input.truncated", "kind": "input.truncated", "title": "Cut short", "detail": "the picture ends before its last line", "status": 422, "stage": "probe", "item": "bad.jpg", "platform": null, "retryable": "never", "retry_at": null, "attempts": 1, "action": null, "suggestion": "Download it again in full and send it once more: only what is missing is sent.", "evidence": null}','{"kind": "photo", "verdict": "unsavable", "why": "the picture ends before its last line", "suffix": null, "deferred": false, "partial": false, "cost_s": 0.0, "plan": {}, "fault": {"kind": "input.truncated", "detail": "the picture ends before its last line", "stage": "probe", "item": null, "attempts": 1, "suggestion": null, "evidence": null}, "width": null, "height": null, "duration_s": null}',NULL);
INSERT INTO "items" VALUES(4,'01M850MJ0GZNN65E1BK7R7PQ40',3,'','2.jpg',NULL,${two_size},'sent','photo','as_is','JPEG 160 x 120',${two_crc32},'${two_sha256}',1715949000000,0,NULL,0,0,1,NULL,NULL,NULL,1795464775980);
INSERT INTO "items" VALUES(5,'01M850MJ0GZNN65E1BK7R7PQ40',4,'','clip.avi',NULL,${clip_size},'deferred','video','transcode','mpeg4 in avi: mpeg4 does not play everywhere: made H.264',${clip_crc32},'${clip_sha256}',1715949000000,0,NULL,0,1,NULL,NULL,NULL,'{"kind": "video", "verdict": "transcode", "why": "mpeg4 in avi: mpeg4 does not play everywhere: made H.264", "suffix": ".mp4", "deferred": true, "partial": false, "cost_s": 0.0, "plan": {"do": "transcode", "recipe": "playable", "sniffed": "avi", "hevc": false, "dolby_only": false, "sound": true, "sound_n": 0, "mute": false, "channels": 1, "subtitles": [], "promised_s": 1.1, "promised_picture_s": null, "hides": false, "duration_s": 1.1, "fps": 10.0, "partial": false, "lost_s": 0.0, "order": "kept", "size": [128, 96], "matrix": 6, "primaries": 1, "curve": 1, "keep_sound": true, "interlaced": false, "hdr": false, "by_order": false, "side": null, "short": null}, "fault": null, "width": 128, "height": 96, "duration_s": 1.1}',NULL);
CREATE TABLE jobs (
	id TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	source TEXT NOT NULL, 
	source_identity TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	recipe TEXT NOT NULL, 
	title TEXT NOT NULL, 
	options JSON NOT NULL, 
	folder TEXT, 
	state TEXT NOT NULL, 
	control TEXT, 
	wanted_ms BIGINT NOT NULL, 
	detached BOOLEAN NOT NULL, 
	version TEXT DEFAULT '' NOT NULL, 
	wait_reason TEXT, 
	wait_until_ms BIGINT, 
	fault JSON, 
	warnings JSON NOT NULL, 
	bytes_read BIGINT NOT NULL, 
	bytes_sent BIGINT NOT NULL, 
	peak_scratch_bytes BIGINT NOT NULL, 
	progress JSON, 
	attempt INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	created_ms BIGINT NOT NULL, 
	started_ms BIGINT, 
	finished_ms BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES('01M850MJ0GZNN65E1BK7R7PQ40','local:${machine}:${source}|library:${library}|playable|media|keep|by_kind','${source}','local:${machine}:${source}','library:${library}','playable','a','{"files": "media", "hevc": "keep", "album_mix": "by_kind", "sort": "archive", "originals": "keep", "include": [], "exclude": [], "caption": null, "again": false}','a','running',NULL,1795464775696,0,'${version}',NULL,NULL,NULL,'[]',161971256,2392,80998981,'{"stage": "convert", "item": "film.avi", "done": 30800000, "total": 75024000, "unit": "us", "rate": 4704471.061219715, "eta_s": 9.400419180925766, "overall": 0.41041629277346925, "items": 3, "items_total": 5}',1,5,1795464775696,1795464775721,NULL);
CREATE TABLE outputs (
	item_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	destination TEXT NOT NULL, 
	path TEXT NOT NULL, 
	path_key TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	landed BOOLEAN NOT NULL, 
	PRIMARY KEY (item_id, n), 
	FOREIGN KEY(item_id) REFERENCES items (id)
);
INSERT INTO "outputs" VALUES(1,0,'library:${library}','a/1.jpg','a/1.jpg',${one_size},'${one_sha256}',1);
INSERT INTO "outputs" VALUES(4,0,'library:${library}','a/2.jpg','a/2.jpg',${two_size},'${two_sha256}',1);
CREATE TABLE passwords (
	job_id TEXT NOT NULL, 
	n INTEGER NOT NULL, 
	secret TEXT NOT NULL, 
	PRIMARY KEY (job_id, n), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE quarantine (
	id TEXT NOT NULL, 
	job_id TEXT NOT NULL, 
	item_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	reason JSON NOT NULL, 
	file TEXT, 
	size_bytes BIGINT NOT NULL, 
	sha256 TEXT, 
	created_ms BIGINT NOT NULL, 
	complete BOOLEAN DEFAULT '1' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (item_id)
);
INSERT INTO "quarantine" VALUES('01M850MJ8XE9C1Q6445CVYFRYZ','01M850MJ0GZNN65E1BK7R7PQ40',3,'bad.jpg','{"type": "/errors/input.truncated", "kind": "input.truncated", "title": "Cut short", "detail": "the picture ends before its last line", "status": 422, "stage": "probe", "item": "bad.jpg", "platform": null, "retryable": "never", "retry_at": null, "attempts": 1, "action": null, "suggestion": "Download it again in full and send it once more: only what is missing is sent.", "evidence": null}','01M850MJ0GZNN65E1BK7R7PQ40-2',9,'7127c0ed30936109cf57798e7678e27afeff223f530c77fa0974a2129af18bb5',1795464775965,1);
CREATE TABLE receipts (
	item_id INTEGER NOT NULL, 
	job_id TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	recipe TEXT NOT NULL, 
	source_identity TEXT NOT NULL, 
	idx INTEGER NOT NULL, 
	"inner" TEXT DEFAULT '' NOT NULL, 
	sha256 TEXT NOT NULL, 
	sent_ms BIGINT NOT NULL, 
	PRIMARY KEY (item_id), 
	FOREIGN KEY(item_id) REFERENCES items (id)
);
INSERT INTO "receipts" VALUES(1,'01M850MJ0GZNN65E1BK7R7PQ40','library:${library}','playable','local:${machine}:${source}',0,'','${one_sha256}',1795464775881);
INSERT INTO "receipts" VALUES(4,'01M850MJ0GZNN65E1BK7R7PQ40','library:${library}','playable','local:${machine}:${source}',3,'','${two_sha256}',1795464775980);
CREATE TABLE segments (
	"key" TEXT NOT NULL, 
	n INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	first BIGINT NOT NULL, 
	frames BIGINT NOT NULL, 
	first_tick BIGINT, 
	last_tick BIGINT, 
	size_bytes BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	guard TEXT NOT NULL, 
	made_ms BIGINT NOT NULL, 
	PRIMARY KEY ("key", n)
);
CREATE TABLE tasks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	lane TEXT NOT NULL, 
	item_id INTEGER, 
	priority INTEGER NOT NULL, 
	due_ms BIGINT NOT NULL, 
	owner TEXT, 
	lease_until_ms BIGINT, 
	epoch INTEGER NOT NULL, 
	deaths INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	seen_seq INTEGER NOT NULL, 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "tasks" VALUES(2,'01M850MJ0GZNN65E1BK7R7PQ40','convert','convert',2,0,0,'${machine}',1795464805989,1,0,0,-1);
INSERT INTO "tasks" VALUES(3,'01M850MJ0GZNN65E1BK7R7PQ40','convert','convert',5,0,0,NULL,NULL,0,0,0,0);
CREATE UNIQUE INDEX one_open_job ON jobs (identity) WHERE state IN ('queued','running','waiting');
CREATE INDEX items_by_state ON items (job_id, state, idx);
CREATE INDEX duplicates_by_twin ON items (job_id, twin) WHERE twin IS NOT NULL;
CREATE UNIQUE INDEX item_of_place ON items (job_id, idx, "inner");
CREATE INDEX due_tasks ON tasks (lane, due_ms);
CREATE INDEX tasks_of_job ON tasks (job_id);
CREATE INDEX open_intents ON outputs (item_id) WHERE landed = 0;
CREATE UNIQUE INDEX one_file_a_path ON outputs (destination, path_key);
CREATE INDEX receipt_of_content ON receipts (destination, sha256, recipe, idx, "inner");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tasks',3);
PRAGMA user_version=8;
COMMIT;
