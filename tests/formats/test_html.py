"""The report: one page, light, safe, complete without its script, and true to the numbers."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from visavox.emotions import COLOURS, WORDS
from visavox.formats import FORMATS, drawing, html, poses, write
from visavox.timeline import REASONS, About, ModelUsed, Segment, Timeline

Conversation = Callable[..., Timeline]

HOSTILE = """</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 * 7 }}<!--\u202e&amp;.mp4"""


class Page(HTMLParser):
    """What a browser finds in a page: elements with their attributes, text, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self.shown: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br", "img"):
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.inside.setdefault(self.open[-1], []).append(data)
            if self.open[-1] not in ("script", "style"):
                self.shown.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.shown).split())


def page(timeline: Timeline) -> Page:
    return Page(FORMATS[".html"].encode(timeline).decode())


def test_ten_minutes_with_two_people_are_under_300_kilobytes(conversation: Conversation) -> None:
    timeline = conversation(600)
    assert len(timeline) == 7200
    assert len(FORMATS[".html"].encode(timeline)) < 300_000


def test_two_hours_do_not_explode_and_the_page_says_how(conversation: Conversation) -> None:
    timeline = conversation(7200, people=2, every=2.0)
    content = FORMATS[".html"].encode(timeline)
    assert len(content) < 350_000
    found = Page(content.decode())
    assert "drawn in steps of" in found.text
    assert len(found.all("tr")) < 300


def test_ten_minutes_with_two_bodies_are_under_300_kilobytes(gestures: Conversation) -> None:
    timeline = gestures(600)
    assert len(timeline.tracks) == 6000
    assert len(FORMATS[".html"].encode(timeline)) < 300_000


def test_nothing_is_asked_of_anybody_else(conversation: Conversation) -> None:
    text = FORMATS[".html"].encode(conversation(60)).decode()
    found = Page(text)
    for tag, attributes in found.elements:
        for name in ("src", "href", "action", "srcset", "data", "poster", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    assert "url(" not in text
    assert "@import" not in text
    policy = next(item["content"] for item in found.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    script = found.inside["script"][-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_hostile_names_are_only_text(conversation: Conversation) -> None:
    clean = conversation(5)
    hostile = Timeline(
        tuple(
            replace(segment, person=HOSTILE, reason=segment.reason and HOSTILE)
            for segment in clean.only(person="person-1")
        ),
        clean.words,
        About(
            file=HOSTILE,
            duration=5,
            status=HOSTILE,
            streams=({"kind": HOSTILE, "codec": HOSTILE},),
            models=(ModelUsed(*[HOSTILE] * 5),),
            options={HOSTILE: HOSTILE},
            versions={"visavox": HOSTILE, HOSTILE: HOSTILE},
            notes=(HOSTILE,),
        ),
    )
    found = page(hostile)
    assert len(found.all("script")) == 2
    assert not found.all("img")
    assert not [attributes for _, attributes in found.elements if any(name.startswith("on") for name in attributes)]
    assert "{{ 7 * 7 }}" in found.text
    assert HOSTILE.split("\u202e")[0] in "".join(found.inside["bdi"])
    piece = Page(html.fragment(hostile))
    assert not piece.all("script")
    assert not piece.all("img")


def test_it_is_complete_without_its_script(conversation: Conversation) -> None:
    timeline = conversation(60)
    found = page(timeline)
    lanes = [attributes for attributes in found.all("div") if "data-lane" in attributes]
    assert len(lanes) == len(timeline.people) * len(timeline.sources)
    drawn = [attributes for attributes in found.all("path") if "data-word" in attributes and attributes.get("d")]
    assert len(drawn) >= 4 * len(lanes)
    assert {"the face is turned too far from the camera", "nobody speaks"} <= set(found.inside["title"])
    assert "0:30.0" in found.inside["time"]


def test_words_stand_beside_colours_and_lanes_are_told_in_words(conversation: Conversation) -> None:
    found = page(conversation(60))
    for word in WORDS:
        assert word in found.text
    images = [attributes for attributes in found.all("svg") if attributes.get("role") == "img"]
    assert len(images) == len(found.all("svg"))
    labels = [attributes["aria-label"] or "" for attributes in images]
    assert any(label.startswith("face of person-1: of the") and "not judged:" in label for label in labels)


def test_it_says_what_it_is_for_and_what_was_used(conversation: Conversation) -> None:
    text = page(conversation(5)).text
    assert "An expression is not an inner state" in text
    assert "Article 5(1)(f)" in text
    assert "hiring" in text
    assert "video, h264, 1280 × 720, 25 pictures a second" in text
    assert "abababababab" in text
    assert "research only" in text
    assert "fusion log-linear" in text


def test_the_script_gets_the_numbers_of_the_timeline(conversation: Conversation) -> None:
    timeline = conversation(30)
    text = FORMATS[".html"].encode(timeline).decode()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    data = json.loads(found[1])
    assert data["words"] == list(timeline.words)
    for lane in data["lanes"]:
        segments = timeline.only(person=lane["person"], source=lane["source"]).segments
        assert sum(count for *_, count in lane["blocks"]) == len(segments) == len(lane["codes"])
        values = [data["levels"].index(sign) for sign in lane["values"]]
        for segment, code in zip(segments, lane["codes"], strict=True):
            if segment.judged:
                own, values = values[: len(WORDS)], values[len(WORDS) :]
                assert own == pytest.approx([100 * value for value in segment.probabilities], abs=0.51)
                assert timeline.words[ord(code) - ord("A")] == timeline.word(segment)
            else:
                assert data["reasons"][ord(code) - ord("a")] == REASONS[segment.reason]
        assert not values


def test_a_measure_is_a_lane_with_its_scale_and_unit(gestures: Conversation) -> None:
    timeline = gestures(60)
    found = page(timeline)
    lanes = [attributes for attributes in found.all("div") if "data-measure" in attributes]
    assert [lane["data-measure"] for lane in lanes] == ["movement", "movement"]
    assert found.inside["small"].count("lengths of the torso a second") == 2
    assert found.text.count("no body of this person in the picture 2 0 ") == 2  # a gap's title, then the scale
    assert "0.80 on average, 1.50 at most (at 0:23.8)" in found.text
    assert "no body of this person in the picture" in found.inside["title"]
    data = json.loads("".join(found.inside["script"][0]))
    for lane in data["lanes"]:
        segments = timeline.only(person=lane["person"], source=lane["source"]).segments
        low, high = data["scales"]["movement"]
        for segment, sign in zip(segments, lane["measures"].get("movement", " " * len(segments)), strict=True):
            if sign == " ":
                assert not segment.measures
            else:
                value = low + data["levels"].index(sign) / 100 * (high - low)
                assert value == pytest.approx(segment.measures["movement"], abs=0.0101)


def test_a_body_that_was_measured_alone_has_its_measure_and_no_other_lane(gestures: Conversation) -> None:
    timeline = gestures(20, people=1, judged=False).only(source="body")
    found = page(timeline)
    assert not [attributes for attributes in found.all("div") if "data-lane" in attributes]
    assert len([attributes for attributes in found.all("div") if "data-measure" in attributes]) == 1
    assert "was measured, not judged" in found.text
    assert "surprised" not in found.text
    assert "movement" in html.fragment(timeline)


def test_a_person_is_drawn_without_the_recording(gestures: Conversation) -> None:
    found = page(gestures(60))
    drawn = [attributes for attributes in found.all("svg") if attributes.get("class") == "pose"]
    assert [drawing["aria-label"] for drawing in drawn] == [
        f"where person-{number} was: face and 11 joints of the body" for number in (1, 2)
    ]
    assert "one moment in 3 is kept here" in found.text
    assert "data-pose" not in FORMATS[".html"].encode(gestures(60).only(source="face").between(0, 0)).decode()
    still = page(gestures(0.5))
    assert len([attributes for attributes in still.all("svg") if attributes.get("class") == "pose"]) == 2


def test_a_picture_is_shown_as_bars(conversation: Conversation) -> None:
    timeline = conversation(0.5)
    found = page(timeline)
    assert "One moment" in found.text
    assert not found.all("svg")
    assert not found.all("script")
    assert len(found.all("section")) == len(timeline.people) + 3


def test_a_recording_that_broke_off_and_one_without_anybody() -> None:
    broken = Timeline((), about=About(file="a.mp4", duration=192.0, status="truncated"))
    assert "The file breaks off at 3:12" in page(broken).text
    assert "nobody was found" in page(broken).text


def test_a_person_who_could_not_be_judged_is_a_result() -> None:
    nothing = (math.nan,) * 7
    timeline = Timeline(tuple(Segment(i, i + 1, "person-1", "face", nothing, "small_face") for i in range(5)))
    assert "could not be judged: the face is too small to be judged" in page(timeline).text


def test_words_of_a_corpus_of_its_own_get_colours_too() -> None:
    words = ("proud", "calm", "ashamed")
    cells = (Segment(0, 1, "a", "body", (0.2, 0.3, 0.5)), Segment(1, 2, "a", "body", (0.2, 0.5, 0.3)))
    timeline = Timeline(cells, words)
    text = FORMATS[".html"].encode(timeline).decode()
    assert COLOURS["calm"] in text
    assert html.OTHER_COLOURS[1] in text


def test_a_part_of_a_recording_keeps_its_times() -> None:
    cells = tuple(Segment(60 + i, 61 + i, "person-1", "face", (1.0, *[0.0] * 6)) for i in range(30))
    text = page(Timeline(cells, about=About(start=60.0, end=90.0, duration=90.0))).text
    assert "30 s , from 1:00.0 to 1:30.0" in text.replace("30 s,", "30 s ,")


@pytest.mark.parametrize("colour", [*COLOURS.values(), *html.OTHER_COLOURS])
def test_labels_are_legible(colour: str) -> None:
    def luminance(text: str) -> float:
        digits = text[1:] if len(text) == 7 else "".join(letter * 2 for letter in text[1:])
        values = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
        return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(colour), luminance(html._ink(colour))))
    assert (light + 0.05) / (dark + 0.05) >= 4.0


def test_a_notebook_gets_a_piece_without_script_whose_style_stays_inside(conversation: Conversation) -> None:
    timeline = conversation(60)
    piece = timeline._repr_html_()
    found = Page(piece)
    assert not found.all("script")
    assert len(found.all("svg")) == len(timeline.people) * len(timeline.sources)
    for selectors in re.findall(r"([^{}]+)\{[^}]*\}", "".join(found.inside["style"])):
        assert all(selector.strip().startswith(".visavox-timeline") for selector in selectors.split(","))
    assert "person-1 mostly" in found.text or "person-1 most often" in found.text
    assert len(html.fragment(conversation(600))) < 150_000


def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium to look at the report with")
    return found


def look(path: Path, folder: Path) -> str:
    """The page's elements after its script has run."""
    command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={folder}"]
    command += ["--virtual-time-budget=2000", "--window-size=1200,900", "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.browser
def test_its_script_runs_under_its_own_policy(tmp_path: Path, conversation: Conversation) -> None:
    found = Page(look(write(conversation(60), tmp_path / "report.html"), tmp_path / "profile"))
    assert found.all("html")[0].get("class") == "live"


@pytest.mark.browser
def test_zoom_keyboard_pointer_and_legend(tmp_path: Path, conversation: Conversation) -> None:
    text = FORMATS[".html"].encode(conversation(60)).decode()
    acts = """
      const chart = document.querySelector(".chart"), plot = document.querySelector("[data-lane]");
      const key = name => chart.dispatchEvent(new KeyboardEvent("keydown", {key: name, cancelable: true}));
      const area = plot.getBoundingClientRect(), said = [];
      const mouse = (name, share) => plot.dispatchEvent(new PointerEvent(name, {clientX: area.left + area.width * share,
        clientY: area.top + 5, bubbles: true, pointerId: 1, pointerType: "mouse", button: 0}));
      plot.setPointerCapture = () => {};
      key("End"); said.push(document.getElementById("said").textContent);
      mouse("pointerdown", .5); mouse("pointermove", .75); mouse("pointerup", .75);
      said.push([...chart.querySelectorAll("time")].map(item => item.textContent).join());
      mouse("pointermove", .5); said.push(document.querySelector("#tip h4").textContent);
      key("0"); document.querySelector('#legend [data-word="0"]').click();
      said.push(plot.querySelector('path[data-word="0"]').getAttribute("d"));
      document.title = JSON.stringify(said);
    """
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", text)
    path = tmp_path / "report.html"
    path.write_text(text.replace("</body>", f"<script>{acts}</script></body>"))
    titles = re.findall(r"<title>(.*?)</title>", look(path, tmp_path / "profile"))
    spoken, ticks, tip, hidden = json.loads(titles[0])
    assert re.match(r"1:00\.0, \w+ \d+ %", spoken)
    assert ticks.split(",")[0] == "0:30"
    assert ticks.split(",")[-1] in ("0:44", "0:45")  # a pointer stands on whole pixels
    assert re.match(r"person-1 · fused 0:37\.\d–0:38\.\d", tip)
    assert hidden == ""


@pytest.mark.browser
def test_the_drawn_person_follows_the_cursor(tmp_path: Path, gestures: Conversation) -> None:
    timeline = gestures(20, people=1, judged=False)
    text = FORMATS[".html"].encode(timeline.only(source="body")).decode()
    acts = """
      const chart = document.querySelector(".chart"), pose = document.querySelector("svg.pose"), said = [];
      const key = name => chart.dispatchEvent(new KeyboardEvent("keydown", {key: name, cancelable: true}));
      for (const name of ["Home", "ArrowRight", "ArrowRight"]) key(name);
      said.push(document.querySelector(".when").textContent, document.getElementById("said").textContent);
      said.push(document.getElementById("tip").textContent, pose.querySelector(".joints").getAttribute("d"));
      said.push(pose.querySelector(".face").getAttribute("d"), pose.querySelector(".limbs").getAttribute("d"));
      document.title = JSON.stringify(said);
    """
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", text)
    path = tmp_path / "report.html"
    path.write_text(text.replace("</body>", f"<script>{acts}</script></body>"))
    found = re.findall(r"<title>(.*?)</title>", look(path, tmp_path / "profile"))
    when, said, tip, *drawn = json.loads(found[0])
    kept = poses.poses(timeline.tracks)
    assert kept is not None
    moment = next(point for point in kept.points if point.time == pytest.approx(1.0))
    speed = next(segment.measures["movement"] for segment in timeline if segment.measures and segment.start == 1.0)
    assert when == "at 0:01.0"
    assert re.match(r"0:01\.0, movement \d\.\d\d", said)
    assert float(said.split()[-1]) == pytest.approx(speed, abs=0.02)
    assert tip.endswith("lengths of the torso a second")
    for text, path_ in zip(drawn, map(poses.shapes(moment).get, ("joints", "face", "limbs")), strict=True):
        numbers, own = ([int(number) for number in re.findall(r"\d+", part or "")] for part in (text, path_))
        assert len(numbers) == len(own) > 20
        assert numbers == pytest.approx(own, abs=3)


def test_paths_are_short(conversation: Conversation) -> None:
    lane = drawing.columns(conversation(600).only(person="person-1", source="fused").segments, html.STATIC_COLUMNS)
    assert sum(map(len, drawing.areas(lane, range(7), (0, 600)))) < 7 * html.STATIC_COLUMNS * 6
