BEGIN TRANSACTION;
CREATE TABLE boxes (
    image INTEGER NOT NULL REFERENCES images (id),
    position INTEGER NOT NULL,
    x_min REAL NOT NULL,
    y_min REAL NOT NULL,
    x_max REAL NOT NULL,
    y_max REAL NOT NULL,
    class INTEGER NOT NULL REFERENCES classes (id),
    PRIMARY KEY (image, position)
) WITHOUT ROWID;
INSERT INTO "boxes" VALUES(1,0,10.0,20.0,30.5,40.25,1);
INSERT INTO "boxes" VALUES(1,1,0.0,0.0,640.0,480.0,2);
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "classes" VALUES(1,'šroub',0,0);
INSERT INTO "classes" VALUES(2,'matice',1,0);
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES images (id),
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "files" VALUES('../fotky/%20 #.jpg',3,1700000000000000003,1003);
INSERT INTO "files" VALUES('../fotky/kopie.jpg',1,1700000000000000001,1001);
INSERT INTO "files" VALUES('../fotky/první.jpg',1,1700000000000000001,1001);
INSERT INTO "files" VALUES('../fotky/prázdný.jpg',2,1700000000000000002,1002);
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    format TEXT NOT NULL,
    orientation INTEGER NOT NULL,
    traits TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unlabelled', 'class', 'boxes')),
    class INTEGER REFERENCES classes (id),
    split TEXT CHECK (split IN ('train', 'val', 'test')),
    CHECK ((state = 'class') = (class IS NOT NULL))
);
INSERT INTO "images" VALUES(1,'00000000000000000000000000000001',640,480,1001,'jpeg',1,'','boxes',NULL,'train');
INSERT INTO "images" VALUES(2,'00000000000000000000000000000002',640,480,1002,'jpeg',6,'cmyk trailing_bytes','boxes',NULL,'test');
INSERT INTO "images" VALUES(3,'00000000000000000000000000000003',640,480,1003,'jpeg',1,'','unlabelled',NULL,NULL);
CREATE TABLE problems (
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (kind, place, detail)
);
INSERT INTO "problems" VALUES('unreadable','/fotky/zlý.jpg','no picture');
CREATE TABLE project (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    task TEXT CHECK (task IN ('classification', 'detection')),
    created TEXT NOT NULL
, location TEXT);
INSERT INTO "project" VALUES('9ec22acf3d594b12a4ab1d1f6118a59b','Dopravník č. 3','detection','2026-11-22T15:33:58+00:00','/projekty/dopravník');
CREATE INDEX files_by_image ON files (image);
CREATE INDEX problems_by_place ON problems (place);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('classes',2);
COMMIT;
PRAGMA user_version=2;
