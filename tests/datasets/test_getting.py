"""Getting corpora, from a server on this machine that breaks off, changes its mind, and lies."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest

from visavox.datasets import download as downloading
from visavox.datasets import getting, offers
from visavox.datasets.download import File, download
from visavox.datasets.getting import get
from visavox.datasets.offers import Listing, Offer
from visavox.datasets.unpacking import unpack
from visavox.errors import DataError, OptionError

WAVS = {f"WR0_anger_{n}.wav": bytes([n]) * 100 for n in range(1, 4)}
CLIPS = {f"Actor_01/03-01-0{n}-01-01-01-01.wav": bytes([n]) * 3000 for n in range(1, 9)}


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def md5(content: bytes) -> str:
    return "md5:" + hashlib.md5(content).hexdigest()


@dataclass
class Shop:
    """A server: what it has, what it was asked, and how it misbehaves.

    Args:
        files: by path.
        cuts: after how many bytes each further answer breaks off; whole ones when they are used up.
        ranges: whether it answers requests for a part.
        tags: whether it says which version a file is.
        answers: statuses to refuse with, one an answer, before anything is given.
        links: addresses of next pages, by path.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    tags: bool = True
    answers: list[int] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloading, "PAUSES", (0.0, 0.0))
    shop = Shop()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keeps the tests' output clean."""

        def do_GET(self) -> None:
            path = unquote(self.path)
            shop.asked.append((path, self.headers.get("Range")))
            status = shop.answers.pop(0) if shop.answers else 404 if path not in shop.files else 200
            if status != 200:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = shop.files[path]
            tag = f'"{hashlib.sha1(body).hexdigest()}"'
            start = 0
            part = self.headers.get("Range")
            if part and shop.ranges and self.headers.get("If-Range", tag) == tag:
                start = int(part.removeprefix("bytes=").removesuffix("-"))
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            if shop.tags:
                self.send_header("ETag", tag)
            if path in shop.links:
                self.send_header("Link", f'<{shop.links[path]}>; rel="next"')
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            rest = body[start:]
            if shop.cuts:
                rest = rest[: shop.cuts.pop(0)]
                self.close_connection = True
            self.wfile.write(rest)
            shop.sent += len(rest)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()


BODY = bytes(range(256)) * 40


def some_file(shop: Shop, *, checksum: str = "", size: int | None = None) -> File:
    shop.files.setdefault("/x.bin", BODY)
    return File(path="deep/x.bin", urls=(f"{shop.url}/x.bin",), size=size, checksum=checksum)


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# --- one file --------------------------------------------------------------------------------------------------------


def test_a_file_comes_whole_and_is_not_asked_for_again(shop: Shop, tmp_path: Path) -> None:
    told: list[int] = []
    file = some_file(shop, checksum=md5(BODY), size=len(BODY))
    assert download(file, tmp_path, told.append).read_bytes() == BODY
    assert told[-1] == len(BODY) and told == sorted(told)
    download(file, tmp_path)
    assert shop.asked == [("/x.bin", None)] and left(tmp_path) == {"deep/x.bin"}


def test_a_broken_connection_is_taken_up_where_it_broke(shop: Shop, tmp_path: Path) -> None:
    shop.cuts = [4000, 3000]
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    assert shop.asked == [("/x.bin", None), ("/x.bin", "bytes=4000-"), ("/x.bin", "bytes=7000-")]
    assert shop.sent == len(BODY)


def test_a_connection_that_breaks_often_is_followed_while_it_brings_something(shop: Shop, tmp_path: Path) -> None:
    shop.cuts = [1000] * 9
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    assert len(shop.asked) == 10 > len(downloading.PAUSES) + 1


def test_a_killed_download_goes_on_the_next_time(shop: Shop, tmp_path: Path) -> None:
    shop.cuts = [4000, 0, 0, 0, 0]
    with pytest.raises(DataError, match=r"broke off.*4000 bytes are kept, run the same command to go on"):
        download(some_file(shop), tmp_path)
    assert left(tmp_path) == {"deep/x.bin.part", "deep/x.bin.part.json"}
    shop.cuts, shop.sent = [], 0
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    assert shop.asked[-1] == ("/x.bin", "bytes=4000-") and shop.sent == len(BODY) - 4000
    assert left(tmp_path) == {"deep/x.bin"}


def test_a_download_killed_before_its_last_step_needs_no_byte_more(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.bin.part").write_bytes(BODY)
    file = some_file(shop, checksum=md5(BODY), size=len(BODY))
    assert download(file, tmp_path).read_bytes() == BODY
    assert shop.asked == []
    (tmp_path / "deep" / "x.bin").rename(tmp_path / "deep" / "x.bin.part")
    assert download(some_file(shop, checksum=md5(BODY)), tmp_path).read_bytes() == BODY
    assert shop.asked == [("/x.bin", f"bytes={len(BODY)}-")] and shop.sent == 0


def test_a_server_without_ranges_begins_again(shop: Shop, tmp_path: Path) -> None:
    shop.cuts, shop.ranges = [4000], False
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    assert shop.sent == 4000 + len(BODY)


def test_a_file_that_changed_in_between_is_never_mixed(shop: Shop, tmp_path: Path) -> None:
    shop.cuts = [4000, 0, 0, 0, 0]
    with pytest.raises(DataError, match="broke off"):
        download(some_file(shop), tmp_path)
    shop.cuts, shop.files["/x.bin"] = [], BODY[::-1] + b"newer"
    assert download(some_file(shop), tmp_path).read_bytes() == BODY[::-1] + b"newer"


def test_without_a_version_the_checksum_must_tell(shop: Shop, tmp_path: Path) -> None:
    shop.cuts, shop.tags = [4000], False
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    assert shop.asked[-1] == ("/x.bin", None), "nothing would tell that the rest belongs to the same file"
    (tmp_path / "deep" / "x.bin").unlink()
    shop.cuts = [4000]
    assert download(some_file(shop, checksum=md5(BODY)), tmp_path).read_bytes() == BODY
    assert shop.asked[-1] == ("/x.bin", "bytes=4000-")


def test_a_mixed_file_is_noticed_and_fetched_anew(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.bin.part").write_bytes(b"of another file")
    assert download(some_file(shop, checksum=md5(BODY)), tmp_path).read_bytes() == BODY


def test_a_wrong_checksum_keeps_nothing(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"its MD5 is [0-9a-f]{32}, its publisher names 0{32}; nothing of it was kept"):
        download(some_file(shop, checksum="md5:" + "0" * 32), tmp_path)
    assert left(tmp_path) == set()


def test_a_wrong_size_is_not_downloaded(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{len(BODY)} bytes there, where 17 are expected"):
        download(some_file(shop, size=17), tmp_path)
    assert left(tmp_path) == set()


@pytest.mark.parametrize("kind", ["sha256", "git"])
def test_other_checksums(shop: Shop, tmp_path: Path, kind: str) -> None:
    # Git's own: `printf hello | git hash-object --stdin`
    shop.files["/x.bin"] = b"hello"
    right = {
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "git": "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0",
    }
    assert download(some_file(shop, checksum=f"{kind}:{right[kind]}"), tmp_path).read_bytes() == b"hello"


def test_not_found_is_said_at_once(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.bin cannot be had: .*/gone: the server answers 404 Not Found"):
        download(File(path="x.bin", urls=(f"{shop.url}/gone",)), tmp_path)
    assert shop.asked == [("/gone", None)]


def test_a_server_that_is_busy_is_asked_again(shop: Shop, tmp_path: Path) -> None:
    shop.answers = [503, 429]
    assert download(some_file(shop), tmp_path).read_bytes() == BODY
    shop.answers = [503] * 9
    with pytest.raises(DataError, match="answers 503"):
        download(File(path="y.bin", urls=(f"{shop.url}/x.bin",)), tmp_path)


def test_nobody_there(tmp_path: Path, shop: Shop) -> None:
    with pytest.raises(DataError, match="refused"):
        download(File(path="x.bin", urls=("http://127.0.0.1:9/x.bin",)), tmp_path)


def test_a_mirror_is_used_where_the_first_address_gives_something_else(shop: Shop, tmp_path: Path) -> None:
    shop.files["/pointer"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    shop.files["/page"] = b"\n<!DOCTYPE html><html>Please log in</html>"
    shop.files["/mirror"] = BODY
    urls = tuple(f"{shop.url}/{name}" for name in ("gone", "pointer", "page", "mirror"))
    assert download(File(path="x.wav", urls=urls), tmp_path).read_bytes() == BODY
    with pytest.raises(DataError, match=r"a Git LFS pointer in place of the file; .* a page in place of the file"):
        download(File(path="y.wav", urls=urls[1:3]), tmp_path)
    assert left(tmp_path) == {"x.wav"}


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "C:/x", "a//x", "", "..\\x", "."])
def test_names_that_would_lie_elsewhere_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError, match="would not lie inside"):
        download(File(path=path, urls=("http://127.0.0.1:9/x",)), tmp_path / "inside")
    assert left(tmp_path) == set()


def test_only_the_web_is_asked(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(DataError, match="not an address on the web"):
        download(File(path="x", urls=((tmp_path / "secret").as_uri(),)), tmp_path / "inside")


# --- archives --------------------------------------------------------------------------------------------------------


def test_a_zip_is_unpacked_and_what_macos_adds_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({**CLIPS, "__MACOSX/x": b"", "Actor_01/.DS_Store": b""}))
    told: list[tuple[int, int]] = []
    sizes = unpack(tmp_path / "a.zip", tmp_path / "to", lambda done, total: told.append((done, total)))
    assert sizes == dict.fromkeys(CLIPS, 3000) and left(tmp_path / "to") == set(CLIPS)
    assert told[-1] == (24000, 24000)


def test_a_tar_is_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as taped:
        for name, content in CLIPS.items():
            item = tarfile.TarInfo(f"./{name}")
            item.size = len(content)
            taped.addfile(item, io.BytesIO(content))
    assert set(unpack(tmp_path / "a.tar.gz", tmp_path / "to")) == set(CLIPS)


@pytest.mark.parametrize("evil", ["../evil.wav", "/tmp/evil.wav", "a/../../evil.wav", "C:\\evil.wav"])
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, evil: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"good.wav": b"1", evil: b"2"}))
    with pytest.raises(DataError, match="would not lie inside"):
        unpack(tmp_path / "a.zip", tmp_path / "to")
    with tarfile.open(tmp_path / "a.tar", "w") as taped:
        taped.addfile(tarfile.TarInfo(evil))
    with pytest.raises(DataError, match="would not lie inside"):
        unpack(tmp_path / "a.tar", tmp_path / "to")
    assert left(tmp_path) == {"a.zip", "a.tar"}


def test_links_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as taped:
        item = tarfile.TarInfo("link")
        item.type, item.linkname = tarfile.SYMTYPE, "/etc/passwd"
        taped.addfile(item)
    with pytest.raises(DataError, match="is a link"):
        unpack(tmp_path / "a.tar", tmp_path / "to")
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "to")


def test_half_an_archive_leaves_nothing(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as taped:
        for name, content in CLIPS.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            taped.addfile(item, io.BytesIO(content))
    for name, body in (("a.tar", (tmp_path / "a.tar").read_bytes()), ("a.zip", zipped(CLIPS))):
        (tmp_path / name).write_bytes(body[:9000])
        with pytest.raises(DataError, match="cannot be unpacked"):
            unpack(tmp_path / name, tmp_path / "to")
    assert left(tmp_path) == {"a.tar", "a.zip"}


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    body = bytearray(zipped(CLIPS))
    body[5000] ^= 255
    (tmp_path / "a.zip").write_bytes(body)
    with pytest.raises(DataError, match=r"cannot be unpacked .*CRC.*and get it again"):
        unpack(tmp_path / "a.zip", tmp_path / "to")
    assert left(tmp_path) == {"a.zip"}


# --- a corpus --------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> dict[str, Offer]:
    """An address book whose RAVDESS is on this machine."""
    shop.files["/speech.zip"] = body = zipped(CLIPS)
    file = File(path="speech.zip", urls=(f"{shop.url}/speech.zip",), size=len(body), checksum=md5(body))
    found = {"ravdess": Offer(page="https://example.org", sources=((file,),), folder="speech")}
    monkeypatch.setattr(getting, "OFFERS", found)
    return found


def test_a_corpus_is_fetched_unpacked_and_can_be_read(shop: Shop, book: dict[str, Offer], tmp_path: Path) -> None:
    from visavox import datasets

    told: list[str] = []
    folder = get("ravdess", tmp_path, accept_licence=True, progress=lambda what, done, total: told.append(what))
    assert folder == tmp_path / "ravdess"
    assert {path for path in left(folder) if not path.startswith(".")} == {f"speech/{name}" for name in CLIPS}
    assert len(datasets.load("ravdess", str(tmp_path))) == 8
    assert list(dict.fromkeys(told)) == ["ravdess: speech.zip", "ravdess: speech.zip, unpacking"]


def test_what_is_there_is_not_fetched_again_and_what_is_gone_is(
    shop: Shop, book: dict[str, Offer], tmp_path: Path
) -> None:
    folder = get("ravdess", tmp_path, accept_licence=True)
    get("ravdess", tmp_path, accept_licence=True)
    assert len(shop.asked) == 1
    gone = folder / "speech" / next(iter(CLIPS))
    gone.unlink()
    get("ravdess", tmp_path, accept_licence=True)
    assert len(shop.asked) == 2 and gone.is_file()


def test_a_call_killed_between_download_and_unpacking_goes_on(
    shop: Shop, book: dict[str, Offer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> dict[str, int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(getting, "unpack", killed)
        with pytest.raises(KeyboardInterrupt):
            get("ravdess", tmp_path, accept_licence=True)
    get("ravdess", tmp_path, accept_licence=True)
    assert len(shop.asked) == 1
    assert (tmp_path / "ravdess" / "speech" / next(iter(CLIPS))).is_file()
    assert not (tmp_path / "ravdess" / "speech.zip").exists()


def test_an_archive_that_nobody_vouches_for_is_not_kept_when_it_is_none(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = File(path="nemo.zip", urls=(f"{shop.url}/nemo.zip",))
    monkeypatch.setattr(getting, "OFFERS", {"nemo": Offer(page="https://example.org", sources=((file,),))})
    shop.files["/nemo.zip"] = zipped(WAVS)[:-30]
    with pytest.raises(DataError, match="cannot be unpacked"):
        get("nemo", tmp_path, accept_licence=True)
    shop.files["/nemo.zip"] = zipped(WAVS)
    get("nemo", tmp_path, accept_licence=True)
    assert {path for path in left(tmp_path / "nemo") if not path.startswith(".")} == set(WAVS)


def test_without_the_licence_nothing_is_asked_for(shop: Shop, book: dict[str, Offer], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"its licence \(CC BY-NC-SA 4.0\) is not accepted, so nothing was downloaded"):
        get("ravdess", tmp_path)
    assert shop.asked == [] and left(tmp_path) == set()


def test_two_at_once_do_not_get_in_each_others_way(book: dict[str, Offer], tmp_path: Path) -> None:
    import filelock

    (tmp_path / "ravdess").mkdir()
    with (
        filelock.FileLock(tmp_path / "ravdess" / ".visavox-get.lock"),
        pytest.raises(DataError, match="another `visavox corpora get` is at work"),
    ):
        get("ravdess", tmp_path, accept_licence=True)


def test_a_full_disk_is_noticed_before(
    shop: Shop, book: dict[str, Offer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getting, "SPARE", 10**18)
    with pytest.raises(DataError, match="make room"):
        get("ravdess", tmp_path, accept_licence=True)
    assert shop.asked == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("savee", r"cannot be fetched by a command \(register at .*http://kahlan.eps.surrey.ac.uk/savee"),
        ("fer2013", "Kaggle"),
        ("ravdess-faces", "offered nowhere"),
    ],
)
def test_whom_to_ask_for_the_others(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        get(name, tmp_path, accept_licence=True)


def test_an_unknown_corpus(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Bad value 'savvy' for corpus"):
        get("savvy", tmp_path)


# --- publishers' lists ------------------------------------------------------------------------------------------------


def listing(shop: Shop, kind: offers.Kind, url: str, files: str, wanted: str) -> Offer:
    source = Listing(kind=kind, url=f"{shop.url}{url}", files=(f"{shop.url}{files}",), wanted=wanted)
    return Offer(page="https://example.org", sources=(source,))


def fetched(name: str, offer: Offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setattr(getting, "OFFERS", {name: offer})
    folder = get(name, tmp_path, accept_licence=True)
    return {path: (folder / path).read_bytes() for path in left(folder) if not path.startswith(".")}


def test_files_of_a_zenodo_record(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = zipped({"Actor_01/01-01-01-01-01-01-01.mp4": b"film"})
    entries = [
        {"key": "Video_Speech_Actor_01.zip", "size": len(body), "checksum": md5(body)},
        {"key": "Video_Song_Actor_01.zip", "size": 1, "checksum": "md5:0"},
    ]
    shop.files |= {
        "/api/records/1": json.dumps({"files": entries}).encode(),
        "/api/records/1/files/Video_Speech_Actor_01.zip/content": body,
    }
    offer = listing(shop, "zenodo", "/api/records/1", "/api/records/1/files/", r"Video_Speech_Actor_\d\d\.zip")
    assert fetched("ravdess-video", offer, tmp_path, monkeypatch) == {"Actor_01/01-01-01-01-01-01-01.mp4": b"film"}


def test_files_of_a_dataverse(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = []
    for number, (name, body) in enumerate(WAVS.items()):
        checksum = {"type": "MD5", "value": hashlib.md5(body).hexdigest()}
        file = {"id": number, "filename": name, "filesize": len(body), "md5": checksum["value"]}
        entries.append({"directoryLabel": "sound", "dataFile": {**file, "checksum": checksum} if number else file})
        shop.files[f"/api/access/datafile/{number}"] = body
    entries.append({"dataFile": {"id": 9, "filename": "readme.txt", "filesize": 1, "md5": "0"}})
    shop.files["/api/list"] = json.dumps({"data": {"latestVersion": {"files": entries}}}).encode()
    offer = listing(shop, "dataverse", "/api/list", "/api/access/datafile/", r".*\.(wav|zip)")
    found = fetched("tess", offer, tmp_path, monkeypatch)
    assert found == {f"sound/{name}": body for name, body in WAVS.items()}


def test_files_of_hugging_face_over_several_pages(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = b"file_id\temotion\n"
    entries: list[dict[str, object]] = [{"type": "directory", "path": "samples", "oid": "0", "size": 0}]
    blob = hashlib.sha1(b"blob %d\0" % len(table) + table).hexdigest()
    entries.append({"type": "file", "path": "data.tsv", "oid": blob, "size": len(table)})
    shop.files["/resolve/data.tsv"] = table
    for name, body in WAVS.items():
        large = {"oid": hashlib.sha256(body).hexdigest(), "size": len(body)}
        entries.append({"type": "file", "path": f"samples/{name}", "oid": "0", "size": 130, "lfs": large})
        shop.files[f"/resolve/samples/{name}"] = body
    shop.files["/tree"] = json.dumps(entries[:3]).encode()
    shop.files["/tree?cursor=2"] = json.dumps(entries[3:]).encode()
    shop.links["/tree"] = f"{shop.url}/tree?cursor=2"
    offer = listing(shop, "hugging-face", "/tree", "/resolve/", r"(.*/)?(data\.tsv|[A-Z]{2}\d_[a-z]+_\d+\.wav)")
    found = fetched("nemo", offer, tmp_path, monkeypatch)
    assert found == {"data.tsv": table, **{f"samples/{name}": body for name, body in WAVS.items()}}


def test_clips_of_crema_d_from_the_mirror_that_has_them(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"1001_DFA_{emotion}_XX" for emotion in ("ANG", "DIS", "FEA")]
    table = "Unnamed: 0,FileName,VoiceVote\n" + "".join(f"{n},{name},A\n" for n, name in enumerate(names))
    shop.files = {
        "/crema/processedResults/summaryTable.csv": table.encode(),
        "/crema/processedResults/tabulatedVotes.csv": b"x",
        "/crema/VideoDemographics.csv": b"x",
        **{f"/second/AudioWAV/{name}.wav": name.encode() for name in names},
    }
    source = Listing(
        kind="crema-d",
        url=f"{shop.url}/crema/processedResults/summaryTable.csv",
        files=(f"{shop.url}/first", f"{shop.url}/second"),
        wanted=r"1\d{3}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}",
    )
    offer = Offer(page="https://example.org", sources=(source,))
    found = fetched("crema-d", offer, tmp_path, monkeypatch)
    assert {path for path in found if path.endswith(".wav")} == {f"AudioWAV/{name}.wav" for name in names}
    assert found["processedResults/summaryTable.csv"] == table.encode()
    assert sum(path.startswith("/first") for path, _ in shop.asked) == 1, "a mirror without the clips is asked once"


def test_another_source_where_the_list_is_gone(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.files["/repository.zip"] = zipped({f"nEMO/samples/{name}": body for name, body in WAVS.items()})
    offer = Offer(
        page="https://example.org",
        sources=(
            *listing(shop, "hugging-face", "/gone", "/", ".*").sources,
            (File(path="nEMO.zip", urls=(f"{shop.url}/repository.zip",)),),
        ),
    )
    found = fetched("nemo", offer, tmp_path, monkeypatch)
    assert found == {f"nEMO/samples/{name}": body for name, body in WAVS.items()}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"something": "else"}', "laid out otherwise than expected"),
        (b"<html>", "laid out otherwise than expected"),
        (b'{"files": []}', "no file of the corpus in this list"),
        (b'{"files": [{"key": "../../x.zip", "size": 1}]}', "would not lie inside"),
    ],
)
def test_lists_that_are_none(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, told: str
) -> None:
    shop.files["/list"] = body
    with pytest.raises(DataError, match=told):
        fetched("ravdess", listing(shop, "zenodo", "/list", "/", ".*"), tmp_path, monkeypatch)
    assert not left(tmp_path) - {"ravdess/.visavox-get.lock"}


def test_a_failure_in_the_middle_of_many_ends_it_and_keeps_what_came(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(File(path=f"{n}.wav", urls=(f"{shop.url}/{n}",)) for n in range(40))
    shop.files = {f"/{n}": b"1" for n in range(40) if n != 5}
    monkeypatch.setattr(getting, "OFFERS", {"tess": Offer(page="https://example.org", sources=(files,))})
    with pytest.raises(DataError, match=r"5.wav cannot be had"):
        get("tess", tmp_path, accept_licence=True)
    assert len(shop.asked) < 20
    shop.files["/5"] = b"1"
    shop.asked.clear()
    get("tess", tmp_path, accept_licence=True)
    assert len({*left(tmp_path)} & {f"tess/{n}.wav" for n in range(40)}) == 40
    assert ("/0", None) not in shop.asked, "what came before is not asked for again"


# --- the address book -------------------------------------------------------------------------------------------------


def test_the_address_book_fits_what_can_be_read() -> None:
    from visavox import datasets

    assert set(offers.OFFERS) <= set(datasets.names())
    for name, offer in offers.OFFERS.items():
        assert datasets.corpus(name).ABOUT.access == "open", name
        for source in offer.sources:
            urls = [source.url, *source.files] if isinstance(source, Listing) else [u for f in source for u in f.urls]
            assert all(url.startswith("https://") for url in (offer.page, *urls))
